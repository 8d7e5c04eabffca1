// Training in float64, layer by layer as the definitions say: what the libraries' losses are compared with.
import type { TrainingOperands, TrainingTask } from '../types.ts';

type Numbers = Float64Array<ArrayBuffer>;

interface Learned {
  value: Numbers;
  gradient: Numbers;
}

/** A layer remembers what its backward pass needs of its forward pass. */
interface Layer {
  learned: Learned[];
  /** Those that the operands name. */
  weights?: Learned;
  forward(x: Numbers): Numbers;
  /** The gradients of the learned values, set anew, and of x. */
  backward(dy: Numbers): Numbers;
}

const kSide = 28;
const kTaps = 9;
const kNormEpsilon = 1e-5;
const kBeta1 = 0.9;
const kBeta2 = 0.999;
const kEpsilon = 1e-8;

function learn(values: ArrayLike<number>): Learned {
  return { value: Float64Array.from(values), gradient: new Float64Array(values.length) };
}

/** y[M,N] = x[M,K]·w[K,N] + b[N] */
function linear(weights: ArrayLike<number>, outputs: number): Layer {
  const [w, b] = [learn(weights), learn(new Float64Array(outputs))];
  const inputs = weights.length / outputs;
  let x: Numbers;
  return {
    learned: [w, b],
    weights: w,
    forward(given) {
      x = given;
      const rows = x.length / inputs;
      const y = new Float64Array(rows * outputs);
      for (let m = 0; m < rows; m++) {
        for (let n = 0; n < outputs; n++) y[m * outputs + n] = b.value[n]!;
        for (let k = 0; k < inputs; k++) {
          const value = x[m * inputs + k]!;
          for (let n = 0; n < outputs; n++) y[m * outputs + n]! += value * w.value[k * outputs + n]!;
        }
      }
      return y;
    },
    backward(dy) {
      const dx = new Float64Array(x.length);
      w.gradient.fill(0);
      b.gradient.fill(0);
      for (let m = 0; m < x.length / inputs; m++) {
        for (let n = 0; n < outputs; n++) b.gradient[n]! += dy[m * outputs + n]!;
        for (let k = 0; k < inputs; k++) {
          const value = x[m * inputs + k]!;
          let sum = 0;
          for (let n = 0; n < outputs; n++) {
            const slope = dy[m * outputs + n]!;
            sum += slope * w.value[k * outputs + n]!;
            w.gradient[k * outputs + n]! += value * slope;
          }
          dx[m * inputs + k] = sum;
        }
      }
      return dx;
    },
  };
}

function relu(): Layer {
  let x: Numbers;
  return {
    learned: [],
    forward: (given) => (x = given).map((value) => Math.max(0, value)),
    backward: (dy) => dy.map((value, i) => (x[i]! > 0 ? value : 0)),
  };
}

/** 3×3, padded by 1, no bias: the pixels under the kernel in a row, times the weights. */
function convolution(weights: ArrayLike<number>, channels: number, side: number): Layer {
  const product = linear(weights, weights.length / (kTaps * channels));
  /** Calls visit(pixel and channel in x, place in the rows) for every pixel under every tap. */
  const everywhere = (images: number, visit: (from: number, to: number) => void) => {
    for (let pixel = 0; pixel < images * side * side; pixel++) {
      const [image, h, w] = [Math.floor(pixel / side / side), Math.floor(pixel / side) % side, pixel % side];
      for (let tap = 0; tap < kTaps; tap++) {
        const [y, x] = [h + Math.floor(tap / 3) - 1, w + (tap % 3) - 1];
        if (y < 0 || y >= side || x < 0 || x >= side) continue;
        for (let c = 0; c < channels; c++) {
          visit(((image * side + y) * side + x) * channels + c, (pixel * kTaps + tap) * channels + c);
        }
      }
    }
  };
  let size = 0;
  const images = () => size / (side * side * channels);
  return {
    learned: [product.weights!],
    weights: product.weights!,
    forward(x) {
      size = x.length;
      const rows = new Float64Array(size * kTaps);
      everywhere(images(), (from, to) => (rows[to] = x[from]!));
      return product.forward(rows);
    },
    backward(dy) {
      const rows = product.backward(dy);
      const dx = new Float64Array(size);
      everywhere(images(), (from, to) => (dx[from]! += rows[to]!));
      return dx;
    },
  };
}

/** Normalized by the batch's own mean and variance, channel by channel. */
function norm(channels: number): Layer {
  const [weight, bias] = [learn(new Float64Array(channels).fill(1)), learn(new Float64Array(channels))];
  let unit: Numbers;
  const scales = new Float64Array(channels);
  return {
    learned: [weight, bias],
    forward(x) {
      const rows = x.length / channels;
      unit = new Float64Array(x.length);
      for (let c = 0; c < channels; c++) {
        let [mean, variance] = [0, 0];
        for (let i = c; i < x.length; i += channels) mean += x[i]! / rows;
        for (let i = c; i < x.length; i += channels) variance += (x[i]! - mean) ** 2 / rows;
        scales[c] = 1 / Math.sqrt(variance + kNormEpsilon);
        for (let i = c; i < x.length; i += channels) unit[i] = (x[i]! - mean) * scales[c]!;
      }
      return unit.map((value, i) => value * weight.value[i % channels]! + bias.value[i % channels]!);
    },
    backward(dy) {
      const rows = dy.length / channels;
      const dx = new Float64Array(dy.length);
      for (let c = 0; c < channels; c++) {
        let [sum, product] = [0, 0];
        for (let i = c; i < dy.length; i += channels) {
          sum += dy[i]!;
          product += dy[i]! * unit[i]!;
        }
        weight.gradient[c] = product;
        bias.gradient[c] = sum;
        const factor = weight.value[c]! * scales[c]!;
        for (let i = c; i < dy.length; i += channels) {
          dx[i] = factor * (dy[i]! - sum / rows - (unit[i]! * product) / rows);
        }
      }
      return dx;
    },
  };
}

/** The largest of 2×2. */
function pool(channels: number, side: number): Layer {
  let from: Int32Array;
  let size = 0;
  return {
    learned: [],
    forward(x) {
      size = x.length;
      from = new Int32Array(size / 4);
      return Float64Array.from(from, (_, i) => {
        const [c, pixel, width] = [i % channels, Math.floor(i / channels), side / 2];
        const [w, row] = [pixel % width, Math.floor(pixel / width)];
        const first = (2 * row * side + 2 * w) * channels + c;
        const places = [first, first + channels, first + side * channels, first + (side + 1) * channels];
        from[i] = places.reduce((best, place) => (x[place]! > x[best]! ? place : best));
        return x[from[i]!]!;
      });
    },
    backward(dy) {
      const dx = new Float64Array(size);
      dy.forEach((value, i) => (dx[from[i]!]! += value));
      return dx;
    },
  };
}

function layersOf(model: TrainingTask['model'], weights: TrainingOperands['weights']): Layer[] {
  const of = (name: string) => weights[`${name}.weight`]!;
  if (model === 'mlp') {
    return [linear(of('layers.0'), 256), relu(), linear(of('layers.1'), 128), relu(), linear(of('layers.2'), 10)];
  }
  return [
    ...[convolution(of('conv1'), 1, kSide), norm(16), relu(), pool(16, kSide)],
    ...[convolution(of('conv2'), 16, kSide / 2), norm(32), relu(), pool(32, kSide / 2)],
    ...[linear(of('linear1'), 64), relu(), linear(of('linear2'), 10)],
  ];
}

/** The mean of −log softmax(logits)[label]; the logits become its gradient. */
function crossEntropy(logits: Numbers, labels: Uint8Array): number {
  const classes = logits.length / labels.length;
  let loss = 0;
  labels.forEach((label, m) => {
    const row = logits.subarray(m * classes, (m + 1) * classes);
    const largest = Math.max(...row);
    const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    loss += (Math.log(total) + largest - row[label]!) / labels.length;
    row.forEach((value, n) => (row[n] = (Math.exp(value - largest) / total - Number(n === label)) / labels.length));
  });
  return loss;
}

function adam(learned: readonly Learned[], rate: number): () => void {
  const moments = learned.map(({ value }) => [new Float64Array(value.length), new Float64Array(value.length)] as const);
  let steps = 0;
  return () => {
    steps++;
    learned.forEach(({ value, gradient }, p) => {
      const [first, second] = moments[p]!;
      gradient.forEach((slope, i) => {
        first[i] = kBeta1 * first[i]! + (1 - kBeta1) * slope;
        second[i] = kBeta2 * second[i]! + (1 - kBeta2) * slope * slope;
        const deviation = Math.sqrt(second[i]! / (1 - kBeta2 ** steps));
        value[i]! -= (rate * first[i]!) / (1 - kBeta1 ** steps) / (deviation + kEpsilon);
      });
    });
  };
}

type Model = Pick<TrainingTask, 'model'>;

/** The layers, and a function that sets all their gradients and returns the loss. */
function networkOf({ model }: Model, { images, labels, weights }: TrainingOperands) {
  const layers = layersOf(model, weights);
  const x = Float64Array.from(images, (pixel) => Math.fround(pixel / 255));
  const differentiate = (): number => {
    const logits = layers.reduce((values, layer) => layer.forward(values), x);
    const loss = crossEntropy(logits, labels);
    layers.reduceRight((slopes, layer) => layer.backward(slopes), logits);
    return loss;
  };
  return { layers, differentiate };
}

/** The loss of each step, before it. */
export function referenceLosses(task: Model, operands: TrainingOperands, rate: number, steps: number): number[] {
  const { layers, differentiate } = networkOf(task, operands);
  const update = adam(
    layers.flatMap(({ learned }) => learned),
    rate,
  );
  return Array.from({ length: steps }, () => {
    const loss = differentiate();
    update();
    return loss;
  });
}

/** Of the initial weights, in their order. */
export function referenceGradients(task: Model, operands: TrainingOperands): Float64Array[] {
  const { layers, differentiate } = networkOf(task, operands);
  differentiate();
  return layers.flatMap(({ weights }) => (weights ? [weights.gradient] : []));
}
