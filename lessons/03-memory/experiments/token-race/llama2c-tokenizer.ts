import { DataError } from '#lab/errors.ts';

/** Tokens 3 to 258 of a SentencePiece vocabulary are the bytes, for what no piece stands for. */
const kFirstByte = 3;
const kBeginning = 1;
const kLongestPiece = 512;

/**
 * The tokenizer that comes with llama2.c's checkpoints (tokenizer.bin): a 32-bit length of the longest piece, then for each token a float32
 * score, a 32-bit length and the piece's bytes, little-endian; a SentencePiece vocabulary with byte fallback.
 *
 * Text is one token to a character or byte; then the pair whose piece has the highest score is joined, the leftmost on ties, until none has one.
 */
export class Llama2cTokenizer {
  readonly #pieces: Uint8Array[] = [];
  readonly #scores: number[] = [];
  /** From a piece's bytes, as a string of char codes, to its number. */
  readonly #numbers = new Map<string, number>();

  /** Throws DataError unless `file` holds `vocab` tokens, and nothing else. */
  constructor(file: Uint8Array, vocab: number) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    let at = 4;
    for (let id = 0; id < vocab; ++id) {
      if (at + 8 > file.length) refuse(`ends after ${id} of the model's ${vocab} tokens`);
      const length = view.getInt32(at + 4, true);
      if (length < 0 || length > kLongestPiece || at + 8 + length > file.length) {
        refuse(`says that token ${id} has ${length} bytes`);
      }
      this.#scores.push(view.getFloat32(at, true));
      const piece = file.slice(at + 8, at + 8 + length);
      this.#pieces.push(piece);
      const key = String.fromCharCode(...piece);
      if (!this.#numbers.has(key)) this.#numbers.set(key, id);
      at += 8 + length;
    }
    if (at !== file.length) refuse(`has ${file.length - at} bytes after the model's ${vocab} tokens`);
  }

  /** The beginning of a text and its tokens, with the space before it that the models were trained with. */
  encode(text: string): Int32Array {
    const ids = [kBeginning];
    if (text === '') return Int32Array.from(ids);
    for (const character of ` ${text}`) {
      const bytes = new TextEncoder().encode(character);
      const whole = this.#numbers.get(String.fromCharCode(...bytes));
      if (whole !== undefined) ids.push(whole);
      else ids.push(...Array.from(bytes, (byte) => byte + kFirstByte));
    }
    return Int32Array.from(this.#join(ids));
  }

  #join(ids: number[]): number[] {
    for (;;) {
      let best = { score: -Infinity, at: -1, id: -1 };
      for (let at = 1; at + 1 < ids.length; ++at) {
        const id = this.#numbers.get(this.#key(ids[at]!) + this.#key(ids[at + 1]!));
        if (id !== undefined && this.#scores[id]! > best.score) best = { score: this.#scores[id]!, at, id };
      }
      if (best.at < 0) return ids;
      ids.splice(best.at, 2, best.id);
    }
  }

  #key(id: number): string {
    return String.fromCharCode(...this.#pieces[id]!);
  }

  /** The bytes of `id` after `previous`: the first word loses its space, and "<0x0A>" is a byte. */
  piece(id: number, previous: number): Uint8Array {
    const piece = this.#pieces[id];
    if (piece === undefined) throw new RangeError(`There is no token ${id}; the last is ${this.#pieces.length - 1}`);
    const byte = /^<0x([0-9A-F]{2})>$/.exec(new TextDecoder().decode(piece));
    if (byte !== null) return Uint8Array.of(parseInt(byte[1]!, 16));
    return previous === kBeginning && piece[0] === 0x20 ? piece.subarray(1) : piece;
  }
}

function refuse(why: string): never {
  throw new DataError(`The tokenizer ${why}; a tokenizer.bin of llama2.c for this model is wanted`);
}
