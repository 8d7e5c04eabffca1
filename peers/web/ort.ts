// onnxruntime-web, WebAssembly execution provider. Weights are initializers, so the session prepacks them when it is created. Every run
// copies x into WebAssembly memory and y out of it: its interface has no other way on the CPU.
import {
  attentionModel,
  fusedAttentionModel,
  headsFirst,
  isCached,
  perQueryHead,
  tokensFirst,
} from '../models/attention.ts';
import { permuted } from '../models/layout.ts';
import {
  convIntegerModel,
  convModel,
  kZeroPoint,
  matMulIntegerModel,
  matMulModel,
  qLinearConvModel,
} from '../models/onnx.ts';
import { rowsModel } from '../models/rows.ts';
import type { AttentionTask, ConvTask, Loaded, OperandsOf, Prepared, Values, WebPeer } from '../types.ts';
import { decoding } from './ort-decode.ts';
import { sumStep } from './rounding.ts';

export type Data = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
export interface Tensor {
  data: Data;
}
export interface Session {
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}
interface Ort {
  env: { wasm: { numThreads: number; wasmPaths: string }; versions: { web: string }; logLevel: string };
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  Tensor: new (type: 'float32' | 'uint8' | 'int32', data: Data, dims: number[]) => Tensor;
}

let ort: Ort;
let threads = 1;

async function load(wanted: number): Promise<Loaded> {
  const url = '/npm/onnxruntime-web/dist/ort.wasm.min.mjs';
  ort = (await import(url)) as Ort;
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = wanted;
  ort.env.wasm.wasmPaths = '/npm/onnxruntime-web/dist/';
  threads = wanted;
  return { threads, details: 'WebAssembly execution provider' };
}

interface Feed {
  data: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
  shape: number[];
}

function startSession(model: Uint8Array): Promise<Session> {
  const options = { executionProviders: ['wasm'], graphOptimizationLevel: 'all', intraOpNumThreads: threads };
  return ort.InferenceSession.create(model, options);
}

/** A model that is run on named inputs; `values` brings its result into our order. */
async function startWith(
  model: Uint8Array,
  inputs: Readonly<Record<string, Feed>>,
  values: (data: Data) => Values = (data) => data as Values,
): Promise<Prepared> {
  const session = await startSession(model);
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      new ort.Tensor(data instanceof Float32Array ? 'float32' : 'uint8', data, shape),
    ]),
  );
  let y: Tensor | undefined;
  return {
    run: async () => {
      y = (await session.run(feeds))['y'];
    },
    output: () => values(y!.data),
    dispose: () => void session.release(),
  };
}

/** The same on x alone. */
function start(
  model: Uint8Array,
  x: Feed['data'],
  shape: number[],
  values?: (data: Data) => Values,
): Promise<Prepared> {
  return startWith(model, { x: { data: x, shape } }, values);
}

function attention(task: AttentionTask, { q, k, v }: OperandsOf['attention'], row: string): Promise<Prepared> {
  const { queries, keys, heads, keyHeads, size } = task;
  const repeated = { k: perQueryHead(task, k), v: perQueryHead(task, v) };
  if (row === 'fused') {
    const model = fusedAttentionModel(task, isCached(task) ? repeated : { k, v });
    const [feed, cache] = [{ data: q, shape: [1, queries, heads * size] }, [1, keys, keyHeads * size]];
    return startWith(
      model,
      isCached(task) ? { q: feed } : { q: feed, k: { data: k, shape: cache }, v: { data: v, shape: cache } },
    );
  }
  const shape = [heads, keys, size];
  const feed = { data: headsFirst(q, queries, heads, size), shape: [heads, queries, size] };
  const others = { k: { data: repeated.k, shape }, v: { data: repeated.v, shape } };
  return startWith(attentionModel(task, repeated), isCached(task) ? { q: feed } : { q: feed, ...others }, (y) =>
    tokensFirst(y as Float32Array<ArrayBuffer>, queries, heads, size),
  );
}

/** [H,W,C] as [C,H,W]. */
function channelsFirst<T extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(x: T, task: ConvTask): T {
  return permuted(x, [task.height, task.width, task.channels], [2, 0, 1]);
}

/** [O,H,W] as [H,W,O]. */
function channelsLast({ outputs, height, width }: ConvTask, data: Data): Float32Array<ArrayBuffer> {
  return permuted(Float32Array.from(data), [outputs, height, width], [1, 2, 0]);
}

const shapeOf = ({ channels, height, width }: ConvTask) => [1, channels, height, width];

export const peer: WebPeer = {
  load,
  prepare: {
    'gemm-f32': ({ m, k, n }, { a, b }) => start(matMulModel({ m, k, n, b }), a, [m, k]),
    sparse: ({ m, k, n }, { a, b }) => start(matMulModel({ m, k, n, b }), a, [m, k]),
    'gemm-int8': ({ m, k, n }, { a, b }) => start(matMulIntegerModel({ m, k, n, b }), a, [m, k]),
    attention,
    decode: (task, operands) => {
      const tensor = (type: 'float32' | 'int32', data: Data, dims: number[]) => new ort.Tensor(type, data, dims);
      return decoding({ start: startSession, tensor }, task, operands);
    },
    rows: (task, operands) => start(rowsModel(task, operands), operands.x, [task.rows, task.columns]),
    'conv-f32': (task, { x, weights, bias }) =>
      start(convModel(task, weights, bias), channelsFirst(x, task), shapeOf(task), (y) => channelsLast(task, y)),
    'conv-int8': async (task, { x, weights }, row) => {
      const input = channelsFirst(x, task);
      // Sums below 2^24, so that float32 holds them.
      if (row === 'integer')
        return start(convIntegerModel(task, weights), input, shapeOf(task), (y) => channelsLast(task, y));
      const step = sumStep(task.kernel ** 2 * task.channels);
      const sums = (y: Data) => channelsLast(task, y).map((q) => (q - kZeroPoint) * step);
      return { ...(await start(qLinearConvModel(task, weights, step), input, shapeOf(task), sums)), allowed: step };
    },
  },
};
