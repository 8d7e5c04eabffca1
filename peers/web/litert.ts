// LiteRT.js, XNNPACK on the CPU, relaxed SIMD. Weights are constants of the model, packed when it is compiled; x lies in WebAssembly memory
// before the call, and y is left there: no copies, which favours it.
import { headsFirst, isCached, perQueryHead, tfliteAttentionModel, tokensFirst } from '../models/attention.ts';
import { convModel, fullyConnectedModel } from '../models/tflite.ts';
import type { AttentionTask, ConvTask, Loaded, OperandsOf, Prepared, WebPeer } from '../types.ts';
import { roundedActivations } from './rounding.ts';

interface Tensor {
  toTypedArray(): Float32Array;
  delete(): void;
}
interface Model {
  run(input: Tensor[]): Promise<Tensor[]>;
  delete(): void;
}
interface LiteRt {
  loadLiteRt(folder: string, options: { threads: boolean }): Promise<{ liteRtWasm: { getThreadCount(): number } }>;
  loadAndCompile(model: Uint8Array, options: object): Promise<Model>;
  Tensor: new (data: Float32Array, shape: number[]) => Tensor;
}

const kFolder = '/npm/@litertjs/core/wasm/';

let lite: LiteRt;
let threads = 1;

async function load(wanted: number): Promise<Loaded> {
  const url = '/npm/@litertjs/core/dist/index.js';
  lite = (await import(url)) as LiteRt;
  // In a worker its module looks for its files beside the worker's script, and so would its threads.
  const script = `${kFolder}litert_wasm_${wanted > 1 ? 'threaded_' : ''}internal.js`;
  const found = { locateFile: (file: string) => kFolder + file, mainScriptUrlOrBlob: script };
  (globalThis as unknown as { Module: object }).Module = found;
  const started = await lite.loadLiteRt(kFolder, { threads: wanted > 1 });
  const pool = wanted > 1 ? started.liteRtWasm.getThreadCount() : 1;
  threads = Math.min(wanted, pool);
  return { threads, details: 'relaxed SIMD' };
}

interface Input {
  data: Float32Array;
  shape: number[];
}

async function startWith(bytes: Uint8Array, inputs: readonly Input[]): Promise<Prepared> {
  const options = { accelerator: 'wasm', cpuOptions: { numThreads: threads } };
  const model = await lite.loadAndCompile(bytes, options);
  const feeds = inputs.map(({ data, shape }) => new lite.Tensor(data, shape));
  let y: Tensor | undefined;
  return {
    run: async () => {
      y?.delete();
      y = (await model.run(feeds))[0];
    },
    output: () => y!.toTypedArray(),
    dispose: () => {
      y?.delete();
      feeds.forEach((feed) => feed.delete());
      model.delete();
    },
  };
}

function start(bytes: Uint8Array, data: Float32Array, shape: number[]): Promise<Prepared> {
  return startWith(bytes, [{ data, shape }]);
}

async function attention(task: AttentionTask, { q, k, v }: OperandsOf['attention']): Promise<Prepared> {
  const { queries, keys, heads, size } = task;
  const repeated = { k: perQueryHead(task, k), v: perQueryHead(task, v) };
  const shape = [heads, keys, size];
  const others = isCached(task) ? [] : [repeated.k, repeated.v].map((data) => ({ data, shape }));
  const first = { data: headsFirst(q, queries, heads, size), shape: [heads, queries, size] };
  const prepared = await startWith(tfliteAttentionModel(task, repeated), [first, ...others]);
  const output = async () => tokensFirst((await prepared.output()) as Float32Array<ArrayBuffer>, queries, heads, size);
  return { ...prepared, output };
}

const shapeOf = ({ channels, height, width }: ConvTask) => [1, height, width, channels];

export const peer: WebPeer = {
  load,
  prepare: {
    'gemm-f32': ({ m, k, n }, { a, b }) => start(fullyConnectedModel({ m, k, n, b }), a, [m, k]),
    sparse: ({ m, k, n }, { a, b }) => start(fullyConnectedModel({ m, k, n, b }), a, [m, k]),
    attention,
    'gemm-int8': async ({ m, k, n }, { a, b }) => {
      const prepared = await start(fullyConnectedModel({ m, k, n, b }), Float32Array.from(a), [m, k]);
      return { ...prepared, allowed: roundedActivations(k) };
    },
    'conv-f32': (task, { x, weights, bias }) => start(convModel(task, weights, bias), x, shapeOf(task)),
    'conv-int8': async (task, { x, weights }) => {
      const model = convModel(task, weights, new Float32Array(task.outputs));
      const prepared = await start(model, Float32Array.from(x), shapeOf(task));
      return { ...prepared, allowed: roundedActivations(task.kernel ** 2 * task.channels) };
    },
  },
};
