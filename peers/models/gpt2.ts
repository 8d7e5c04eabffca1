// A small model of GPT-2's shape (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019) with random weights, and what
// a Llama-style model of as many bytes looks like.
import { fill } from '../random.ts';

type Floats = Float32Array<ArrayBuffer>;

export interface Gpt2Shape {
  dim: number;
  layers: number;
  heads: number;
  vocab: number;
  positions: number;
}

/** Of the layer norms. */
export const kNormEpsilon = 1e-5;
/** The last token ends a text; nobody may choose it, since texts have a given length. */
export const endToken = ({ vocab }: Gpt2Shape) => vocab - 1;

/** w[K,N], row-major, and b[N]; of a norm: its weights and shifts. */
export interface Affine {
  w: Floats;
  b: Floats;
}

export interface Gpt2Block {
  attentionNorm: Affine;
  /** [D, 3·D]: queries, keys, values, each head by head. */
  qkv: Affine;
  output: Affine;
  feedForwardNorm: Affine;
  up: Affine;
  down: Affine;
}

export interface Gpt2 extends Gpt2Shape {
  /** [V,D], also the output matrix. */
  tokens: Floats;
  /** [P,D] */
  places: Floats;
  blocks: Gpt2Block[];
  norm: Affine;
}

/** What a token reads in float32: all but the embeddings' rows, of which it reads one; the output matrix is one that it reads whole. */
export function gpt2Bytes({ dim, layers, vocab }: Gpt2Shape): number {
  const block = 12 * dim ** 2 + 9 * dim + 4 * dim; // matrices, biases, norms
  return 4 * (layers * block + 2 * dim + vocab * dim);
}

export interface LlamaShape {
  vocab: number;
  dim: number;
  layers: number;
  heads: number;
  kvHeads: number;
  hidden: number;
  positions: number;
  tied: boolean;
}

/** The same for Llama's shape. */
export function llamaBytes({ dim, layers, vocab, hidden, heads, kvHeads }: LlamaShape): number {
  const block = 2 * dim ** 2 + 2 * dim * ((kvHeads * dim) / heads) + 3 * dim * hidden + 2 * dim;
  return 4 * (layers * block + dim + vocab * dim);
}

/** Hidden sizes are multiples of this. */
const kHiddenStep = 16;

/** Llama's shape with the fewest hidden units that make it no smaller. */
export function llamaLike(shape: Gpt2Shape): LlamaShape {
  const { dim, layers, heads, vocab, positions } = shape;
  const sized = (hidden: number): LlamaShape => ({
    ...{ vocab, dim, layers, heads, kvHeads: heads, hidden, positions, tied: true },
  });
  let hidden = kHiddenStep;
  while (llamaBytes(sized(hidden)) < gpt2Bytes(shape)) hidden += kHiddenStep;
  return sized(hidden);
}

/**
 * Weights that keep the size of what goes through them, and logits whose standard deviation is about 2, so that attention looks somewhere
 * and a rounded weight or a forgotten bias shows.
 */
export function randomGpt2(shape: Gpt2Shape, seed = 1): Gpt2 {
  const { dim, layers, vocab, positions } = shape;
  let next = seed;
  const draw = (count: number, bound: number, centre = 0) => fill(count, next++).map((x) => centre + bound * x);
  const affine = (k: number, n: number): Affine => ({ w: draw(k * n, Math.sqrt(3 / k)), b: draw(n, 0.1) });
  const norm = (): Affine => ({ w: draw(dim, 0.1, 1), b: draw(dim, 0.1) });
  const embedding = (rows: number) => draw(rows * dim, 0.18);
  return {
    ...shape,
    tokens: embedding(vocab),
    places: embedding(positions),
    blocks: Array.from({ length: layers }, () => ({
      attentionNorm: norm(),
      qkv: affine(dim, 3 * dim),
      output: affine(dim, dim),
      feedForwardNorm: norm(),
      up: affine(dim, 4 * dim),
      down: affine(4 * dim, dim),
    })),
    norm: norm(),
  };
}
