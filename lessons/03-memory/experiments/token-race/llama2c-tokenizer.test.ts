import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Llama2cTokenizer } from './llama2c-tokenizer.ts';

const kBytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
/** Pieces with their scores, as SentencePiece numbers them. */
const kPieces: [string, number][] = [
  ['<unk>', 0],
  ['\n<s>\n', 0],
  ['\n</s>\n', 0],
  ...kBytes.map((piece): [string, number] => [piece, 0]),
  [' ', -10],
  ['a', -11],
  ['b', -12],
  ['ab', -2],
  [' a', -1],
  ['bb', -3],
  [' abb', -4],
  ['é', -5],
];

function fileOf(pieces: readonly [string, number][]): Uint8Array {
  const parts = pieces.map(([piece, score]) => {
    const bytes = new TextEncoder().encode(piece);
    const part = new Uint8Array(8 + bytes.length);
    new DataView(part.buffer).setFloat32(0, score, true);
    new DataView(part.buffer).setInt32(4, bytes.length, true);
    part.set(bytes, 8);
    return part;
  });
  return Uint8Array.from([8, 0, 0, 0, ...parts.flatMap((part) => [...part])]);
}

const file = fileOf(kPieces);
const tokenizer = new Llama2cTokenizer(file, kPieces.length);
const names = (ids: Int32Array) => Array.from(ids, (id) => kPieces[id]![0]);

describe('llama2.c’s tokenizer', () => {
  it('joins the pair of the highest score first', () => {
    // ' a' (-1) goes before 'ab' (-2); then 'bb' (-3), then ' abb' (-4).
    assert.deepEqual(names(tokenizer.encode('abb')), ['\n<s>\n', ' abb']);
    assert.deepEqual(names(tokenizer.encode('bab')), ['\n<s>\n', ' ', 'b', 'ab']);
  });

  it('falls back to bytes', () => {
    assert.deepEqual(names(tokenizer.encode('é')), ['\n<s>\n', ' ', 'é']);
    assert.deepEqual(names(tokenizer.encode('ö')), ['\n<s>\n', ' ', '<0xC3>', '<0xB6>']);
    assert.deepEqual(names(tokenizer.encode('')), ['\n<s>\n']);
  });

  it('gives the text back, without the first space', () => {
    const text = 'ab é ö a b';
    const ids = tokenizer.encode(text);
    const bytes = Array.from(ids.subarray(1), (id, i) => [...tokenizer.piece(id, ids[i]!)]).flat();
    assert.equal(new TextDecoder().decode(Uint8Array.from(bytes)), text);
    assert.throws(() => tokenizer.piece(kPieces.length, 1), RangeError);
  });

  it('refuses files of another size', () => {
    assert.throws(() => new Llama2cTokenizer(file, kPieces.length + 1), /ends after 267 of the model's 268 tokens/);
    assert.throws(() => new Llama2cTokenizer(file, kPieces.length - 1), /has \d+ bytes after the model's 266 tokens/);
    assert.throws(() => new Llama2cTokenizer(file.subarray(0, 100), kPieces.length), /tokenizer/);
    const lies = file.slice();
    new DataView(lies.buffer).setInt32(8, 1 << 30, true);
    assert.throws(() => new Llama2cTokenizer(lies, kPieces.length), /token 0 has 1073741824 bytes/);
  });
});
