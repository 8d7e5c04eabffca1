// A GPT-2 as llama.cpp has it, with a vocabulary of its own: texts are what its browser build takes and gives.
import { type GgufTensor, ggufFile } from './gguf.ts';
import { type Affine, endToken, type Gpt2, kNormEpsilon } from './gpt2.ts';
import { permuted } from './layout.ts';

/** llama_token_type */
const kNormal = 1;
const kControl = 3;
const kFirst = 0x21; // '!'
const kPrintable = 94;
const kLetters = 'abcdefghijklmnopqrstuvwxyz';

/**
 * The texts of the tokens: first the printable ASCII characters, then pairs of letters, last the end of a text. All are valid UTF-8, as the
 * wrapper throws on others; a text of characters without merges is its characters' tokens.
 */
export function vocabulary(size: number): string[] {
  const most = kPrintable + kLetters.length ** 2 + 1;
  if (size <= kPrintable || size > most)
    throw new RangeError(`a vocabulary of ${size}; ${kPrintable + 1} to ${most} are possible`);
  return Array.from({ length: size }, (_, id) => {
    if (id === size - 1) return '<|endoftext|>';
    if (id < kPrintable) return String.fromCharCode(kFirst + id);
    const pair = id - kPrintable;
    return kLetters[Math.floor(pair / kLetters.length)]! + kLetters[pair % kLetters.length]!;
  });
}

/** Ids that a text of one character each can ask for. */
export const kTypable = kPrintable;

/** w[K,N] as [N,K]: each output's weights in a row. */
function transposed(w: Float32Array<ArrayBuffer>, columns: number): Float32Array<ArrayBuffer> {
  return permuted(w, [w.length / columns, columns], [1, 0]);
}

/** `rounded`: matrices and the output matrix in 8 bits, as llama.cpp's own tool rounds them; norms, biases and places stay. */
export function gpt2Gguf(model: Gpt2, rounded: boolean): Uint8Array<ArrayBuffer> {
  const { dim, layers, heads, vocab, positions } = model;
  const vector = (name: string, values: GgufTensor['values']): GgufTensor => ({ name, shape: [values.length], values });
  const norm = (name: string, { w, b }: Affine) => [vector(`${name}.weight`, w), vector(`${name}.bias`, b)];
  const matrix = (name: string, { w, b }: Affine): GgufTensor[] => [
    { name: `${name}.weight`, shape: [b.length, w.length / b.length], values: transposed(w, b.length), rounded },
    vector(`${name}.bias`, b),
  ];
  const blocks = model.blocks.flatMap((block, i) => [
    ...norm(`blk.${i}.attn_norm`, block.attentionNorm),
    ...matrix(`blk.${i}.attn_qkv`, block.qkv),
    ...matrix(`blk.${i}.attn_output`, block.output),
    ...norm(`blk.${i}.ffn_norm`, block.feedForwardNorm),
    ...matrix(`blk.${i}.ffn_up`, block.up),
    ...matrix(`blk.${i}.ffn_down`, block.down),
  ]);
  const end = endToken(model);
  return ggufFile(
    {
      'general.architecture': { text: 'gpt2' },
      'general.file_type': { u32: rounded ? 7 : 0 },
      'gpt2.context_length': { u32: positions },
      'gpt2.embedding_length': { u32: dim },
      'gpt2.feed_forward_length': { u32: 4 * dim },
      'gpt2.block_count': { u32: layers },
      'gpt2.attention.head_count': { u32: heads },
      'gpt2.attention.layer_norm_epsilon': { f32: kNormEpsilon },
      'tokenizer.ggml.model': { text: 'gpt2' },
      'tokenizer.ggml.pre': { text: 'gpt-2' },
      'tokenizer.ggml.tokens': { texts: vocabulary(vocab) },
      'tokenizer.ggml.token_type': {
        s32s: Array.from({ length: vocab }, (_, id) => (id === end ? kControl : kNormal)),
      },
      'tokenizer.ggml.merges': { texts: [] },
      'tokenizer.ggml.bos_token_id': { u32: end },
      'tokenizer.ggml.eos_token_id': { u32: end },
      'tokenizer.ggml.add_bos_token': { bool: false },
    },
    [
      { name: 'token_embd.weight', shape: [vocab, dim], values: model.tokens, rounded },
      { name: 'position_embd.weight', shape: [positions, dim], values: model.places },
      ...blocks,
      ...norm('output_norm', model.norm),
    ],
  );
}
