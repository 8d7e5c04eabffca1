// TensorFlow.js, WebAssembly backend. Its XNNPACK operators are cached by their weights, which packs them once. Every call reads the result
// back, which copies it.
import { causalMask, headsFirst, perQueryHead, tokensFirst } from '../models/attention.ts';
import type { AttentionTask, GemmTask, Loaded, OperandsOf, Prepared, SparseTask, WebPeer } from '../types.ts';
import { type TrainingTf, train } from './tfjs-training.ts';

interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}
interface Conv2d {
  x: Tensor;
  filter: Tensor;
  bias: Tensor;
  strides: number;
  pad: 'same';
}
interface Operators {
  env(): { set(flag: string, value: boolean): void };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor(values: Float32Array, shape: number[]): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  softmax(x: Tensor): Tensor;
  tidy(compute: () => Tensor): Tensor;
  fused: { conv2d(operands: Conv2d): Tensor };
  wasm: { setWasmPaths(prefix: string): void; setThreadsCount(count: number): void; getThreadsCount(): number };
}

const scope = globalThis as unknown as { importScripts(...urls: string[]): void; tf: Operators & TrainingTf };

async function load(wanted: number): Promise<Loaded> {
  scope.importScripts(
    '/npm/@tensorflow/tfjs/dist/tf.min.js', // with gradients and the CPU back end, unlike tfjs-core
    '/npm/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js',
  );
  const { tf } = scope;
  tf.wasm.setWasmPaths('/npm/@tensorflow/tfjs-backend-wasm/dist/');
  tf.wasm.setThreadsCount(wanted);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend did not start');
  await tf.ready();
  return { threads: tf.wasm.getThreadsCount(), details: 'WebAssembly backend' };
}

function start(constants: readonly Tensor[], compute: () => Tensor): Prepared {
  let values: Float32Array = new Float32Array();
  return {
    run: () => {
      const y = compute();
      values = y.dataSync();
      y.dispose();
    },
    output: () => values,
    dispose: () => constants.forEach((tensor) => tensor.dispose()),
  };
}

function product({ m, k, n }: GemmTask | SparseTask, operands: OperandsOf['gemm-f32']): Prepared {
  const { tf } = scope;
  const a = tf.tensor(operands.a, [m, k]);
  const b = tf.tensor(operands.b, [k, n]);
  return start([a, b], () => tf.matMul(a, b));
}

function attention(task: AttentionTask, operands: OperandsOf['attention']): Prepared {
  const { tf } = scope;
  const { queries, keys, heads, size, causal } = task;
  const q = tf.tensor(headsFirst(operands.q, queries, heads, size), [heads, queries, size]);
  const [k, v] = [operands.k, operands.v].map((values) => tf.tensor(perQueryHead(task, values), [heads, keys, size]));
  const mask = causal ? [tf.tensor(causalMask(task), [queries, keys])] : [];
  const prepared = start([q, k!, v!, ...mask], () =>
    tf.tidy(() => {
      const scores = tf.matMul(tf.mul(q, 1 / Math.sqrt(size)), k!, false, true);
      return tf.matMul(tf.softmax(mask[0] ? tf.add(scores, mask[0]) : scores), v!);
    }),
  );
  return {
    ...prepared,
    output: () => tokensFirst(prepared.output() as Float32Array<ArrayBuffer>, queries, heads, size),
  };
}

export const peer: WebPeer = {
  load,
  prepare: {
    'gemm-f32': product,
    sparse: product,
    attention,
    rows: ({ operation, rows, columns }, operands) => {
      if (operation !== 'softmax') throw new Error(`it has no ${operation} of its own`);
      const { tf } = scope;
      const x = tf.tensor(operands.x, [rows, columns]);
      return start([x], () => tf.softmax(x));
    },
    training: (task, operands, row) => train(scope.tf, task, operands, row),
    'conv-f32': ({ channels, height, width, outputs, kernel }, operands) => {
      const { tf } = scope;
      const x = tf.tensor(operands.x, [1, height, width, channels]);
      const filter = tf.tensor(operands.weights, [kernel, kernel, channels, outputs]);
      const bias = tf.tensor(operands.bias, [outputs]);
      return start([x, filter, bias], () => tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 'same' }));
    },
  },
};
