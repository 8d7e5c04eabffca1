/** What attention of one token gives, in double precision, and what it gives with the mistakes that people make. */
import { kEpsilon } from '#lab/grading/author.ts';

export interface AttentionShape {
  heads: number;
  kvHeads: number;
  headSize: number;
  capacity: number;
  length: number;
}

/** One thing that is done differently. */
export interface Change {
  scale?: (size: number) => number;
  /** The head of the cache that a query head reads. */
  kvHead?: (head: number, shape: AttentionShape) => number;
  first?: number;
  seen?: (shape: AttentionShape) => number;
  /** Exponentials as they are, of scores or of their distances to the largest, not divided by their sum. */
  raw?: 'scores' | 'distances';
  /** Scores as weights. */
  linear?: boolean;
  /** Where a vector begins; [kv_heads, capacity, head_size] if left out. */
  place?: (g: number, p: number, shape: AttentionShape) => number;
}

export function attention(
  shape: AttentionShape,
  q: Float32Array,
  keys: Float32Array,
  values: Float32Array,
  change: Change = {},
): Float64Array {
  const { heads, headSize } = shape;
  const out = new Float64Array(heads * headSize);
  const {
    scale = (size) => 1 / Math.sqrt(size),
    kvHead = (head, { heads: h, kvHeads }) => Math.floor(head / (h / kvHeads)),
    seen = ({ length }) => length,
    place = (g, p, { capacity }) => (g * capacity + p) * headSize,
    first = 0,
  } = change;
  const count = seen(shape);
  for (let h = 0; h < heads; ++h) {
    const at = (p: number) => place(kvHead(h, shape), p, shape);
    const scores = Array.from({ length: count }, (_, p) => {
      let sum = 0;
      for (let d = 0; d < headSize; ++d) sum += (q[h * headSize + d] ?? NaN) * (keys[at(p) + d] ?? NaN);
      return sum * scale(headSize);
    }).map((score, p) => (p < first ? -Infinity : score));
    const largest = change.raw === 'scores' ? 0 : Math.max(...scores);
    const weights = change.linear === true ? scores : scores.map((score) => Math.exp(score - largest));
    const all = change.raw !== undefined ? 1 : weights.reduce((sum, weight) => sum + weight, 0);
    for (const [p, weight] of weights.entries())
      for (let d = 0; d < headSize; ++d) out[h * headSize + d]! += (weight / all) * (values[at(p) + d] ?? NaN);
  }
  return out;
}

/** What a mistake of this exercise looks like in the result. */
export const kMistakes: readonly {
  change: Change;
  sentence: string;
  /** It reads outside of the cache: what comes of that, NaN here, may be anything. */
  isPartial?: boolean;
}[] = [
  { change: { scale: () => 1 }, sentence: 'That is without the division of the scores by sqrt(head_size).' },
  { change: { scale: (size) => 1 / size }, sentence: 'That divides the scores by head_size: it is its square root.' },
  { change: { scale: Math.sqrt }, sentence: 'That multiplies the scores by sqrt(head_size): divide by it.' },
  {
    change: { kvHead: (head, { kvHeads }) => head % kvHeads },
    sentence:
      'That reads kv head h % kv_heads: neighbouring query heads share a kv head, so it is h / (heads / kv_heads).',
  },
  {
    change: { kvHead: (head) => head },
    sentence: 'That reads kv head h: of 6 query heads on 2, heads 0, 1 and 2 read the first, 3, 4 and 5 the second.',
    isPartial: true,
  },
  {
    change: { kvHead: () => 0 },
    sentence: 'All heads read the keys and values of the first: those of head g begin at g * capacity * head_size.',
  },
  {
    change: { seen: ({ capacity }) => capacity },
    sentence: 'That sees the whole cache: only the positions before `length` are filled.',
  },
  {
    change: { seen: ({ length }) => length - 1 },
    sentence: 'That leaves out the latest position, length - 1: a token sees itself too.',
  },
  { change: { first: 1 }, sentence: 'That leaves out position 0.' },
  ...(['scores', 'distances'] as const).map((raw) => ({
    change: { raw },
    sentence: 'The weights do not add up to 1: divide by the sum of the exponentials.',
  })),
  { change: { linear: true }, sentence: 'Those are scores divided by their sum: softmax takes exponentials first.' },
  {
    change: { place: (g, p, { length, headSize }) => (g * length + p) * headSize },
    sentence:
      'That takes a head’s keys to be `length` vectors long: there is room for `capacity`, so head g begins at g * capacity * head_size.',
  },
  {
    change: { place: (g, p, { kvHeads, headSize }) => (p * kvHeads + g) * headSize },
    sentence: 'That reads the cache as [capacity, kv_heads, head_size]: all positions of a head lie together.',
  },
];

/**
 * What float32 may be off, for any order of sums: of an error δ of the scores comes a relative one of 2·δ in the weights, and as much again in
 * their sum; the exponentials of <optlab.h> are within 2 units in the last place.
 */
export function toleranceOf(
  shape: AttentionShape,
  q: Float32Array,
  keys: Float32Array,
  values: Float32Array,
): (index: number) => number {
  const { heads, kvHeads, headSize, capacity, length } = shape;
  const magnitudes = attention(shape, q, keys, values.map(Math.abs));
  const perHead = Array.from({ length: heads }, (_, h) => {
    const g = Math.floor(h / (heads / kvHeads));
    let largest = 0;
    for (let p = 0; p < length; ++p) {
      let size = 0;
      for (let d = 0; d < headSize; ++d)
        size += Math.abs((q[h * headSize + d] ?? 0) * (keys[(g * capacity + p) * headSize + d] ?? 0));
      largest = Math.max(largest, size / Math.sqrt(headSize));
    }
    const delta = (headSize + 4) * kEpsilon * largest;
    return 4 * delta + (2 * length + 16) * kEpsilon;
  });
  return (index) => (perHead[Math.floor(index / headSize)] ?? 0) * ((magnitudes[index] ?? 0) + 2 ** -24);
}
