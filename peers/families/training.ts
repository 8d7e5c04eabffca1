// Steps of training: the forward pass, all gradients, and Adam.
import { type Family, kFastAndExact, nativeTables, webTables } from '../family.ts';
import { fill, fillPixels } from '../random.ts';
import type { Task, TrainingOperands, TrainingTask } from '../types.ts';
import { kHopeless } from './compare.ts';
import { referenceLosses } from './training-reference.ts';

export const kLearningRate = 1e-3;
/** Losses that are compared, of the first steps. */
export const kCheckedSteps = 5;
/**
 * Then training starts over: the losses of one batch that is learnt by heart soon fall to nothing, and moments that decay into subnormal
 * numbers would make the figures depend on how long a library has been measured.
 */
export const kSteps = 256;
/**
 * Of a loss, relative. TensorFlow.js comes to a tenth of it, libtorch and ours to a thousandth; a forgotten bias correction or a missing
 * gradient goes far beyond.
 */
const kAllowed = 1e-3;

const kPixels = 784;
const kClasses = 10;

type Shapes = Readonly<Record<string, readonly number[]>>;
/** The last axis is the outputs'. native/training_problem.cpp has them too. */
export const kWeightShapes: Readonly<Record<TrainingTask['model'], Shapes>> = {
  mlp: { 'layers.0.weight': [784, 256], 'layers.1.weight': [256, 128], 'layers.2.weight': [128, 10] },
  cnn: {
    'conv1.weight': [3, 3, 1, 16],
    'conv2.weight': [3, 3, 16, 32],
    'linear1.weight': [1568, 64],
    'linear2.weight': [64, 10],
  },
};

const isMlp = (task: Task) => 'model' in task && task.model === 'mlp';
const isCnn = (task: Task) => 'model' in task && task.model === 'cnn';

/** Kaiming-uniform: ±√(6 / inputs of an output). */
function initialWeights(shape: readonly number[], seed: number) {
  const outputs = shape.at(-1)!;
  const inputs = shape.reduce((product, extent) => product * extent, 1) / outputs;
  const bound = Math.fround(Math.sqrt(6 / inputs));
  return fill(inputs * outputs, seed).map((x) => x * bound);
}

/** Of each task the losses as they should be: they take seconds. */
const expected = new Map<string, readonly number[]>();

function lossesOf(task: TrainingTask, operands: TrainingOperands): readonly number[] {
  const found = expected.get(task.name) ?? referenceLosses(task, operands, kLearningRate, kCheckedSteps);
  expected.set(task.name, found);
  return found;
}

export const training: Family<'training'> = {
  name: 'training',
  title: 'Training',
  what: `Steps of training in float32: forward, cross-entropy, every gradient, Adam (rate ${kLearningRate}), on one batch of grey images of 28×28
pixels in ten classes. The MLP is 784-256-128-10 with ReLU; the CNN conv 3×3→16, norm, ReLU, max 2×2, conv 3×3→32, norm, ReLU, max 2×2, linear→64,
ReLU, linear→10, with the batch's own statistics in the norms and without dropout, whose masks no two libraries share. Images a second.`,
  checked: `Every library starts from the same weights and its losses of the first ${kCheckedSteps} steps are compared with a training in float64: they
differ by at most ${100 * kAllowed} %.`,
  unit: 'images/s',
  tasks: [
    { family: 'training', name: 'MLP, batch 128', model: 'mlp', batch: 128 },
    { family: 'training', name: 'CNN, batch 32', model: 'cnn', batch: 32 },
  ],
  shortName: ({ model, batch }) => `${model}-${batch}`,
  work: ({ batch }) => 1e9 * batch, // figures are in 1e9 a second
  operands: ({ model, batch }) => ({
    images: fillPixels(batch * kPixels, 1),
    labels: Uint8Array.from({ length: batch }, (_, i) => i % kClasses),
    weights: Object.fromEntries(
      Object.entries(kWeightShapes[model]).map(([name, shape], i) => [name, initialWeights(shape, 2 + i)]),
    ),
  }),
  check(task, operands, output) {
    const wanted = lossesOf(task, operands);
    if (output.length !== wanted.length) return { ok: false, worst: kHopeless };
    const errors = wanted.map((loss, i) => Math.abs(output[i]! / loss - 1) / kAllowed);
    const worst = Math.max(...errors);
    return { ok: worst <= 1, worst: Number.isFinite(worst) ? worst : kHopeless };
  },
  web: {
    rows: {
      ours: kFastAndExact,
      tfjs: [
        { role: 'peer', row: 'wasm', note: 'WebAssembly back end', only: isMlp },
        { role: 'peer', row: 'cpu', note: 'CPU back end', only: isCnn },
      ],
    },
    how: {
      ours: 'Trainer; images are gathered and converted from bytes in every step',
      tfjs: 'variableGrads and train.adam; images converted beforehand',
    },
    note: `Everyone reads the loss back after each step. After ${kSteps} steps training starts over, so that no library works on smaller numbers than
another. TensorFlow.js 4.22 has no kernel for the gradient of a convolution’s weights in its WebAssembly back end, so its CNN runs on the one in
plain JavaScript.`,
    tables: webTables({ 'MLP, batch 128': 2, 'CNN, batch 32': 10 }),
  },
  native: {
    rows: {
      ours: kFastAndExact,
      libtorch: [
        { role: 'peer', row: 'contiguous', note: 'channels first', only: isCnn },
        { role: 'peer', row: 'channels_last', note: 'channels last', only: isCnn },
        { role: 'peer', row: '-', note: '', only: isMlp },
      ],
    },
    how: {
      ours: 'Trainer; images are gathered and converted from bytes in every step',
      libtorch: 'modules, autograd and optim::Adam; images converted beforehand',
    },
    note: `Everyone reads the loss back after each step, and starts over after ${kSteps}.`,
    tables: nativeTables({ 'MLP, batch 128': 0.9, 'CNN, batch 32': 0.9 }),
  },
  limits: [],
  probed: new Set(),
};
