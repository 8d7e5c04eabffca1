/**
 * The work of layers by doing it: loops as in the definition, with a count where a kernel would have an operation and a mark on every number
 * that it would read. No formula is used, so it can judge formulas. One example is counted; the others of a batch do the same with numbers
 * of their own and the same weights.
 */

export interface Counted {
  /** Of one example. */
  multiplications: number;
  additions: number;
  /** Comparisons, exp, ÷. */
  others: number;
  /** Elements that are read or written for one example. */
  perExample: Record<string, number>;
  /** Elements that all examples share. */
  shared: Record<string, number>;
}

export function flopsOf({ multiplications, additions, others }: Counted, batch: number): number {
  return batch * (multiplications + additions + others);
}

/** `leave` names operands that are not to be counted, `weights` how often shared ones are. */
export function bytesOf({ perExample, shared }: Counted, batch: number, leave: string[] = [], weights = 1): number {
  const sum = (elements: Record<string, number>) =>
    Object.entries(elements).reduce((all, [name, count]) => all + (leave.includes(name) ? 0 : count), 0);
  return 4 * (batch * sum(perExample) + weights * sum(shared));
}

/** Notes which elements were read. */
class Marks {
  readonly #seen: Uint8Array;
  constructor(count: number) {
    this.#seen = new Uint8Array(count);
  }
  read(index: number): void {
    this.#seen[index] = 1;
  }
  get count(): number {
    return this.#seen.reduce((sum, seen) => sum + seen, 0);
  }
}

export interface LinearShape {
  inputs: number;
  outputs: number;
  bias: number;
}

export function countLinear({ inputs, outputs, bias }: LinearShape): Counted {
  const [x, weights, biases] = [new Marks(inputs), new Marks(inputs * outputs), new Marks(outputs)];
  let [multiplications, additions, y] = [0, 0, 0];
  for (let o = 0; o < outputs; ++o) {
    for (let i = 0; i < inputs; ++i) {
      x.read(i);
      weights.read(i * outputs + o);
      ++multiplications;
      ++additions;
    }
    if (bias) {
      biases.read(o);
      ++additions;
    }
    ++y;
  }
  const shared = { weights: weights.count, bias: biases.count };
  return { multiplications, additions, others: 0, perExample: { x: x.count, y }, shared };
}

export interface ConvShape {
  batch: number;
  height: number;
  width: number;
  channels: number;
  outputs: number;
  kernel: number;
  stride: number;
  padding: number;
  dilation: number;
  groups: number;
  bias: number;
}

/** The windows are found by moving one until it no longer fits. */
export function countConv(s: ConvShape): Counted {
  const reach = s.dilation * (s.kernel - 1);
  const [c, o] = [s.channels / s.groups, s.outputs / s.groups];
  const x = new Marks(s.height * s.width * s.channels);
  const weights = new Marks(s.outputs * s.kernel * s.kernel * c);
  const biases = new Marks(s.outputs);
  let [multiplications, additions, y] = [0, 0, 0];
  const window = (top: number, left: number, output: number) => {
    const group = Math.floor(output / o);
    for (let kh = 0; kh < s.kernel; ++kh) {
      const row = top + kh * s.dilation;
      for (let kw = 0; kw < s.kernel; ++kw) {
        const column = left + kw * s.dilation;
        const isInside = row >= 0 && row < s.height && column >= 0 && column < s.width;
        for (let channel = 0; channel < c; ++channel) {
          if (isInside) x.read((row * s.width + column) * s.channels + group * c + channel);
          weights.read(((output * s.kernel + kh) * s.kernel + kw) * c + channel);
          ++multiplications;
          ++additions;
        }
      }
    }
    if (s.bias) {
      biases.read(output);
      ++additions;
    }
    ++y;
  };
  for (let top = -s.padding; top + reach < s.height + s.padding; top += s.stride)
    for (let left = -s.padding; left + reach < s.width + s.padding; left += s.stride)
      for (let output = 0; output < s.outputs; ++output) window(top, left, output);
  const shared = { weights: weights.count, bias: biases.count };
  return { multiplications, additions, others: 0, perExample: { x: x.count, y }, shared };
}

export interface AttentionShape {
  batch: number;
  queries: number;
  keys: number;
  heads: number;
  keyHeads: number;
  size: number;
  causal: number;
}

/** Sums over a row are kept in this many parts, as the library does. */
const kStripes = 16;

export function countAttention(s: AttentionShape): Counted {
  const queries = new Marks(s.heads * s.queries * s.size);
  const keys = new Marks(s.keyHeads * s.keys * s.size);
  const values = new Marks(s.keyHeads * s.keys * s.size);
  let [multiplications, additions, others, results] = [0, 0, 0, 0];
  const pair = (query: number, key: number) => {
    for (let d = 0; d < s.size; ++d) {
      queries.read(query * s.size + d);
      keys.read(key * s.size + d);
      ++multiplications;
      ++additions;
    }
    ++multiplications; // the scale
    ++others; // the maximum
    ++additions; // less the maximum
    ++others; // exp
    ++additions; // into the sum
    for (let d = 0; d < s.size; ++d) {
      values.read(key * s.size + d);
      ++multiplications;
      ++additions;
    }
  };
  for (let head = 0; head < s.heads; ++head) {
    const keyHead = Math.floor(head / (s.heads / s.keyHeads));
    for (let t = 0; t < s.queries; ++t) {
      const own = s.causal ? s.keys - s.queries + t : s.keys - 1;
      for (let key = 0; key <= own; ++key) pair(head * s.queries + t, keyHead * s.keys + key);
      for (let stripe = 1; stripe < kStripes; ++stripe) ++additions;
      for (let d = 0; d < s.size; ++d) {
        ++others; // ÷ the sum
        ++results;
      }
    }
  }
  const perExample = { queries: queries.count, keys: keys.count, values: values.count, results };
  return { multiplications, additions, others, perExample, shared: {} };
}
