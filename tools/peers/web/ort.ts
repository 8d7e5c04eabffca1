// onnxruntime-web, WebAssembly execution provider. B is an initializer, so the session prepacks it when it is created. Every run
// copies x into WebAssembly memory and y out of it: its interface has no other way on the CPU.
import { matMulModel } from '../models/onnx.ts';
import type { Loaded, Operands, Prepared, Task, WebPeer } from '../types.ts';

interface Tensor {
  data: Float32Array;
}
interface Session {
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}
interface Ort {
  env: { wasm: { numThreads: number; wasmPaths: string }; versions: { web: string }; logLevel: string };
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => Tensor;
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
  return { threads, details: 'WebAssembly execution provider, MatMul with constant (prepacked) B' };
}

async function prepare({ m, k, n }: Task, { a, b }: Operands): Promise<Prepared> {
  const options = { executionProviders: ['wasm'], graphOptimizationLevel: 'all', intraOpNumThreads: threads };
  const session = await ort.InferenceSession.create(matMulModel({ m, k, n, b }), options);
  const feeds = { x: new ort.Tensor('float32', a, [m, k]) };
  let y: Tensor | undefined;
  return {
    run: async () => {
      y = (await session.run(feeds))['y'];
    },
    output: () => y!.data,
    dispose: () => void session.release(),
  };
}

export const peer: WebPeer = { load, prepare };
