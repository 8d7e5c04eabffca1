// GPT-2 in float64, token by token as its definition says: what the libraries' logits are compared with.
import { type Affine, type Gpt2, kNormEpsilon } from '../models/gpt2.ts';

type Numbers = Float64Array<ArrayBuffer>;

/** x·w + b */
function linear(x: Numbers, { w, b }: Affine): Numbers {
  const y = Float64Array.from(b);
  for (let k = 0, at = 0; k < x.length; k++) {
    const value = x[k]!;
    for (let n = 0; n < y.length; n++) y[n]! += value * w[at++]!;
  }
  return y;
}

function norm(x: Numbers, { w, b }: Affine): Numbers {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const scale = 1 / Math.sqrt(variance + kNormEpsilon);
  return x.map((value, i) => (value - mean) * scale * w[i]! + b[i]!);
}

function add(x: Numbers, y: Numbers): Numbers {
  return x.map((value, i) => value + y[i]!);
}

function gelu(x: number): number {
  return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

export class Gpt2Reference {
  private readonly model: Gpt2;
  private ids: number[] = [];
  /** Queries, keys and values of each layer and token. */
  private readonly seen: Numbers[][];
  private readonly outputs: Numbers[] = [];

  constructor(model: Gpt2) {
    this.model = model;
    this.seen = model.blocks.map(() => []);
  }

  /** The logits after each of `ids` from the `first` on. What begins like the ids of the last call isn't computed again. */
  logits(ids: ArrayLike<number>, first: number): Numbers[] {
    let same = 0;
    while (same < this.ids.length && same < ids.length && this.ids[same] === ids[same]) same++;
    for (const list of [...this.seen, this.outputs]) list.length = same;
    this.ids = Array.from(ids);
    for (let t = same; t < ids.length; t++) this.outputs.push(this.token(ids[t]!, t));
    return this.outputs.slice(first).map((x) => this.classify(x));
  }

  /** What the last layer gives for the t-th token; all before it have been here. */
  private token(id: number, t: number): Numbers {
    const { dim, tokens, places, blocks } = this.model;
    let x: Numbers = Float64Array.from({ length: dim }, (_, i) => tokens[id * dim + i]! + places[t * dim + i]!);
    blocks.forEach((block, layer) => {
      this.seen[layer]!.push(linear(norm(x, block.attentionNorm), block.qkv));
      x = add(x, linear(this.attend(layer), block.output));
      const hidden = linear(norm(x, block.feedForwardNorm), block.up).map(gelu);
      x = add(x, linear(hidden, block.down));
    });
    return x;
  }

  /** The last token's attention to all. */
  private attend(layer: number): Numbers {
    const { dim, heads } = this.model;
    const rows = this.seen[layer]!;
    const q = rows.at(-1)!;
    const size = dim / heads;
    const result = new Float64Array(dim);
    for (let h = 0; h < heads; h++) {
      const scores = rows.map((row) => {
        let score = 0;
        for (let d = h * size; d < (h + 1) * size; d++) score += q[d]! * row[dim + d]!;
        return score / Math.sqrt(size);
      });
      const largest = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - largest));
      const total = powers.reduce((sum, power) => sum + power, 0);
      rows.forEach((row, s) => {
        for (let d = h * size; d < (h + 1) * size; d++) result[d]! += (powers[s]! / total) * row[2 * dim + d]!;
      });
    }
    return result;
  }

  private classify(x: Numbers): Numbers {
    const { dim, vocab, tokens } = this.model;
    const normed = norm(x, this.model.norm);
    return Float64Array.from({ length: vocab }, (_, v) => {
      let sum = 0;
      for (let i = 0; i < dim; i++) sum += normed[i]! * tokens[v * dim + i]!;
      return sum;
    });
  }
}
