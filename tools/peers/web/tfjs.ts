// TensorFlow.js, WebAssembly backend. Its XNNPACK operator for a matMul is cached by B, which packs B once. Every call reads the result
// back, which copies it.
import type { Loaded, Operands, Prepared, Task, WebPeer } from '../types.ts';

interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}
interface Tf {
  env(): { set(flag: string, value: boolean): void };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor2d(values: Float32Array, shape: [number, number]): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  wasm: { setWasmPaths(prefix: string): void; setThreadsCount(count: number): void; getThreadsCount(): number };
}

const scope = globalThis as unknown as { importScripts(...urls: string[]): void; tf: Tf };

async function load(wanted: number): Promise<Loaded> {
  scope.importScripts(
    '/npm/@tensorflow/tfjs-core/dist/tf-core.min.js',
    '/npm/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js',
  );
  const { tf } = scope;
  tf.wasm.setWasmPaths('/npm/@tensorflow/tfjs-backend-wasm/dist/');
  tf.wasm.setThreadsCount(wanted);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend did not start');
  await tf.ready();
  return { threads: tf.wasm.getThreadsCount(), details: 'matMul, result read back' };
}

async function prepare({ m, k, n }: Task, operands: Operands): Promise<Prepared> {
  const { tf } = scope;
  const a = tf.tensor2d(operands.a, [m, k]);
  const b = tf.tensor2d(operands.b, [k, n]);
  let values: Float32Array = new Float32Array();
  return {
    run: () => {
      const c = tf.matMul(a, b);
      values = c.dataSync();
      c.dispose();
    },
    output: () => values,
    dispose: () => [a, b].forEach((tensor) => tensor.dispose()),
  };
}

export const peer: WebPeer = { load, prepare };
