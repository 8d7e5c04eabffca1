// Attention as each format's models have it. Q, K and V lie head by head, [H,T,D] and [H,S,D], K and V once for every query head, unless a
// function says otherwise.
import type { AttentionTask } from '../types.ts';
import { f32, i8, u8 } from './flatbuffer.ts';
import { permuted } from './layout.ts';
import { graphModel, kMicrosoft, type OnnxNode } from './onnx.ts';
import { graphModel as tfliteModel } from './tflite.ts';

type Floats = Float32Array<ArrayBuffer>;
export interface KeysAndValues {
  k: Floats;
  v: Floats;
}

/** [tokens, heads, D] as [heads, tokens, D]. */
export function headsFirst(values: Floats, tokens: number, heads: number, size: number): Floats {
  return permuted(values, [tokens, heads, size], [1, 0, 2]);
}

/** [heads, tokens, D] as [tokens, heads, D]. */
export function tokensFirst(values: Floats, tokens: number, heads: number, size: number): Floats {
  return permuted(values, [heads, tokens, size], [1, 0, 2]);
}

/** K or V[S,G,D] as [H,S,D]: for every query head its own. */
export function perQueryHead({ keys, heads, keyHeads, size }: AttentionTask, values: Floats): Floats {
  const first = headsFirst(values, keys, keyHeads, size);
  const head = keys * size;
  const result = new Float32Array(heads * head);
  for (let h = 0; h < heads; h++) {
    const from = Math.floor(h / (heads / keyHeads)) * head;
    result.set(first.subarray(from, from + head), h * head);
  }
  return result;
}

/** K and V of a cache: constants of the model. */
export function isCached({ queries, keys }: AttentionTask): boolean {
  return queries < keys;
}

/** 0 where a query sees a key, and where not so little that its exponential is 0. */
export function causalMask({ queries, keys }: AttentionTask): Floats {
  const hidden = -1e9;
  return Float32Array.from({ length: queries * keys }, (_, i) => {
    const [query, key] = [Math.floor(i / keys), i % keys];
    return key <= keys - queries + query ? 0 : hidden;
  });
}

const scaleOf = ({ size }: AttentionTask) => 1 / Math.sqrt(size);

/** The graph that exporters write: matrix products, softmax, and where it is causal the addition of a mask. */
export function attentionModel(task: AttentionTask, { k, v }: KeysAndValues): Uint8Array<ArrayBuffer> {
  const { queries, keys, heads, size, causal } = task;
  const shape = [heads, keys, size];
  const scores = causal ? 'masked' : 'scores';
  const nodes: OnnxNode[] = [
    { type: 'Mul', inputs: ['q', 'scale'], outputs: ['scaled'] },
    { type: 'Transpose', inputs: ['k'], outputs: ['kt'], attributes: { perm: [0, 2, 1] } },
    { type: 'MatMul', inputs: ['scaled', 'kt'], outputs: ['scores'] },
    ...(causal ? [{ type: 'Add', inputs: ['scores', 'mask'], outputs: ['masked'] }] : []),
    { type: 'Softmax', inputs: [scores], outputs: ['p'], attributes: { axis: 2 } },
    { type: 'MatMul', inputs: ['p', 'v'], outputs: ['y'] },
  ];
  const cached = isCached(task);
  const constants = [
    { name: 'scale', type: 'f32' as const, shape: [], values: Float32Array.of(scaleOf(task)) },
    ...(causal ? [{ name: 'mask', type: 'f32' as const, shape: [queries, keys], values: causalMask(task) }] : []),
    ...(cached ? [{ name: 'k', type: 'f32' as const, shape, values: k }] : []),
    ...(cached ? [{ name: 'v', type: 'f32' as const, shape, values: v }] : []),
  ];
  const inputs = [{ name: 'q', type: 'f32' as const, shape: [heads, queries, size] }];
  if (!cached) for (const name of ['k', 'v']) inputs.push({ name, type: 'f32', shape });
  return graphModel({ nodes, constants, inputs, outputs: [{ name: 'y', type: 'f32', shape: [heads, queries, size] }] });
}

/**
 * ONNX Runtime's own operator for the whole: MultiHeadAttention, or with fewer key heads GroupQueryAttention, which is always causal. q and y
 * [1,T,H·D]; k and v [1,S,G·D], those of a cache [1,H,S,D].
 */
export function fusedAttentionModel(task: AttentionTask, { k, v }: KeysAndValues): Uint8Array<ArrayBuffer> {
  const { queries, keys, heads, keyHeads, size, causal } = task;
  const cached = isCached(task);
  const grouped = keyHeads < heads;
  if (grouped && (!causal || cached)) throw new Error('GroupQueryAttention is causal and keeps a cache of its own');
  const shape = cached ? [1, heads, keys, size] : [1, keys, keyHeads * size];
  const q = { name: 'q', type: 'f32' as const, shape: [1, queries, heads * size] };
  const [kOperand, vOperand] = ['k', 'v'].map((name) => ({ name, type: 'f32' as const, shape })) as [typeof q, typeof q];
  const whole = (name: string, dims: number[], value: number) => {
    return { name, type: 's32' as const, shape: dims, values: Int32Array.of(value) };
  };
  const node: OnnxNode = grouped
    ? {
        type: 'GroupQueryAttention',
        domain: kMicrosoft,
        inputs: ['q', 'k', 'v', '', '', 'last', 'total'],
        outputs: ['y', 'present_k', 'present_v'],
        attributes: { num_heads: heads, kv_num_heads: keyHeads, scale: { float: scaleOf(task) } },
      }
    : {
        type: 'MultiHeadAttention',
        domain: kMicrosoft,
        inputs: ['q', 'k', 'v'],
        outputs: ['y'],
        attributes: { num_heads: heads, scale: { float: scaleOf(task) }, unidirectional: causal ? 1 : 0 },
      };
  return graphModel({
    nodes: [node],
    constants: [
      ...(grouped ? [whole('last', [1], keys - 1), whole('total', [], keys)] : []),
      ...(cached ? [{ ...kOperand, values: k }, { ...vOperand, values: v }] : []),
    ],
    inputs: cached ? [q] : [q, kOperand, vOperand],
    outputs: [{ ...q, name: 'y' }],
  });
}

/** The graph for LiteRT.js; inputs q, k, v, or q alone. */
export function tfliteAttentionModel(task: AttentionTask, { k, v }: KeysAndValues): Uint8Array<ArrayBuffer> {
  const { queries, keys, heads, size, causal } = task;
  const cached = isCached(task);
  const shape = [heads, keys, size];
  const square = [heads, queries, keys];
  const multiply = (inputs: string[], output: string, transposed: boolean) => {
    return { code: 126, version: 1, optionsType: 101, options: { 0: u8(0), 1: u8(transposed ? 1 : 0) }, inputs, output };
  };
  return tfliteModel({
    name: 'attention',
    tensors: [
      { name: 'q', shape: [heads, queries, size] },
      { name: 'k', shape, ...(cached ? { values: k } : {}) },
      { name: 'v', shape, ...(cached ? { values: v } : {}) },
      { name: 'scale', shape: [1], values: Float32Array.of(scaleOf(task)) },
      { name: 'scaled', shape: [heads, queries, size] },
      { name: 'scores', shape: square },
      ...(causal ? [{ name: 'mask', shape: [1, queries, keys], values: causalMask(task) }, { name: 'masked', shape: square }] : []),
      { name: 'p', shape: square },
      { name: 'y', shape: [heads, queries, size] },
    ],
    operators: [
      { code: 18, version: 1, optionsType: 21, options: { 0: i8(0) }, inputs: ['q', 'scale'], output: 'scaled' },
      multiply(['scaled', 'k'], 'scores', true),
      ...(causal
        ? [{ code: 0, version: 1, optionsType: 11, options: { 0: i8(0) }, inputs: ['scores', 'mask'], output: 'masked' }]
        : []),
      { code: 25, version: 1, optionsType: 9, options: { 0: f32(1) }, inputs: [causal ? 'masked' : 'scores'], output: 'p' },
      multiply(['p', 'v'], 'y', false),
    ],
    inputs: cached ? ['q'] : ['q', 'k', 'v'],
    output: 'y',
  });
}
