// LiteRT.js, XNNPACK on the CPU, relaxed SIMD. B is a constant of the model, packed when it is compiled; x lies in WebAssembly memory
// before the call, and y is left there: no copies, which favours it.
import { fullyConnectedModel } from '../models/tflite.ts';
import type { Loaded, Operands, Prepared, Task, WebPeer } from '../types.ts';

interface Tensor {
  toTypedArray(): Float32Array;
  delete(): void;
}
interface Model {
  run(input: Tensor): Promise<Tensor[]>;
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
  return { threads, details: 'relaxed SIMD, FULLY_CONNECTED with constant (prepacked) B, result left in its memory' };
}

async function prepare({ m, k, n }: Task, { a, b }: Operands): Promise<Prepared> {
  const options = { accelerator: 'wasm', cpuOptions: { numThreads: threads } };
  const model = await lite.loadAndCompile(fullyConnectedModel({ m, k, n, b }), options);
  const x = new lite.Tensor(a, [m, k]);
  let y: Tensor | undefined;
  return {
    run: async () => {
      y?.delete();
      y = (await model.run(x))[0];
    },
    output: () => y!.toTypedArray(),
    dispose: () => {
      y?.delete();
      x.delete();
      model.delete();
    },
  };
}

export const peer: WebPeer = { load, prepare };
