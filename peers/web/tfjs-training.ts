// Training with TensorFlow.js: a plain loop over its gradients and its Adam, as its guide writes it.
import { kLearningRate, kWeightShapes } from '../families/training.ts';
import type { Prepared, TrainingOperands, TrainingTask } from '../types.ts';
import { preparedTraining, type Training } from './training.ts';

interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}
interface Variable extends Tensor {
  assign(value: Tensor): void;
}
interface Optimizer {
  minimize(loss: () => Tensor, returnCost: true, variables: Variable[]): Tensor;
  dispose(): void;
}
interface Moments {
  mean: Tensor;
  variance: Tensor;
}
export interface TrainingTf {
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  tensor(values: Float32Array, shape: number[]): Tensor;
  tensor1d(values: number[] | Uint8Array, type: 'int32' | 'float32'): Tensor;
  oneHot(indices: Tensor, depth: number): Tensor;
  variable(initial: Tensor): Variable;
  tidy<T>(compute: () => T): T;
  add(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  relu(x: Tensor): Tensor;
  reshape(x: Tensor, shape: number[]): Tensor;
  moments(x: Tensor, axes: number[]): Moments;
  batchNorm(x: Tensor, mean: Tensor, variance: Tensor, offset: Tensor, scale: Tensor, epsilon: number): Tensor;
  conv2d(x: Tensor, filter: Tensor, strides: number, pad: 'same'): Tensor;
  maxPool(x: Tensor, size: number, strides: number, pad: 'valid'): Tensor;
  fused: { matMul(operands: { a: Tensor; b: Tensor; bias: Tensor; activation: 'relu' | 'linear' }): Tensor };
  losses: { softmaxCrossEntropy(oneHotLabels: Tensor, logits: Tensor): Tensor };
  train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): Optimizer };
}

const kNormEpsilon = 1e-5;
const kNormMomentum = 0.1;

/** The variables of a network and what brings them back to their initial values. */
class Network {
  readonly learned: Variable[] = [];
  private readonly tf: TrainingTf;
  private readonly all: { variable: Variable; start: Tensor }[] = [];

  constructor(tf: TrainingTf) {
    this.tf = tf;
  }

  make(values: Float32Array, shape: readonly number[], isLearned = true): Variable {
    const start = this.tf.tensor(values, [...shape]);
    const variable = this.tf.variable(start);
    this.all.push({ variable, start });
    if (isLearned) this.learned.push(variable);
    return variable;
  }

  /** x·W + b, with ReLU unless it is the last one. */
  linear(values: Float32Array, shape: readonly number[], activation: 'relu' | 'linear') {
    const [b, bias] = [this.make(values, shape), this.make(new Float32Array(shape[1]!), [shape[1]!])];
    return (a: Tensor) => this.tf.fused.matMul({ a, b, bias, activation });
  }

  /** Convolution, norm by the batch's statistics, ReLU, pooling. */
  block(values: Float32Array, shape: readonly number[]) {
    const { tf } = this;
    const channels = shape[3]!;
    const ones = () => new Float32Array(channels).fill(1);
    const zeros = () => new Float32Array(channels);
    const filter = this.make(values, shape);
    const [scale, offset] = [this.make(ones(), [channels]), this.make(zeros(), [channels])];
    const running = [this.make(zeros(), [channels], false), this.make(ones(), [channels], false)];
    return (x: Tensor) => {
      const convolved = tf.conv2d(x, filter, 1, 'same');
      const { mean, variance } = tf.moments(convolved, [0, 1, 2]);
      [mean, variance].forEach((found, i) =>
        running[i]!.assign(tf.add(tf.mul(running[i]!, 1 - kNormMomentum), tf.mul(found, kNormMomentum))),
      );
      return tf.maxPool(tf.relu(tf.batchNorm(convolved, mean, variance, offset, scale, kNormEpsilon)), 2, 2, 'valid');
    };
  }

  restart(): void {
    for (const { variable, start } of this.all) variable.assign(start);
  }

  dispose(): void {
    for (const { variable, start } of this.all) [variable, start].forEach((tensor) => tensor.dispose());
  }
}

function logitsOf(
  tf: TrainingTf,
  network: Network,
  { model, batch }: TrainingTask,
  weights: TrainingOperands['weights'],
) {
  const layers = Object.entries(kWeightShapes[model]).map(([name, shape], i, { length }) => {
    const values = weights[name]!;
    if (shape.length === 4) return network.block(values, shape);
    return network.linear(values, shape, i + 1 < length ? 'relu' : 'linear');
  });
  if (model === 'cnn') layers.splice(2, 0, (x) => tf.reshape(x, [batch, kWeightShapes.cnn['linear1.weight']![0]!]));
  return (x: Tensor) => layers.reduce((values, layer) => layer(values), x);
}

function start(tf: TrainingTf, task: TrainingTask, { images, labels, weights }: TrainingOperands): Training {
  const network = new Network(tf);
  const logits = logitsOf(tf, network, task, weights);
  const shape = task.model === 'cnn' ? [task.batch, 28, 28, 1] : [task.batch, 784];
  const x = tf.tensor(
    Float32Array.from(images, (pixel) => pixel / 255),
    shape,
  );
  const truth = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 10));
  const makeAdam = () => tf.train.adam(kLearningRate, 0.9, 0.999, 1e-8);
  let optimizer = makeAdam();
  return {
    step() {
      const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(truth, logits(x)), true, network.learned);
      const [value = NaN] = loss.dataSync();
      loss.dispose();
      return value;
    },
    restart() {
      network.restart();
      optimizer.dispose();
      optimizer = makeAdam();
    },
    dispose() {
      network.dispose();
      optimizer.dispose();
      [x, truth].forEach((tensor) => tensor.dispose());
    },
  };
}

/** `row`: the back end. The other families' is chosen again afterwards. */
export async function train(
  tf: TrainingTf,
  task: TrainingTask,
  operands: TrainingOperands,
  row: string,
): Promise<Prepared> {
  const before = tf.getBackend();
  if (!(await tf.setBackend(row))) throw new Error(`the ${row} backend did not start`);
  const prepared = preparedTraining(start(tf, task, operands));
  return {
    ...prepared,
    dispose() {
      prepared.dispose();
      void tf.setBackend(before); // is ready, and so chosen at once
    },
  };
}
