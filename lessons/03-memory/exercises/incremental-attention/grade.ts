import { defineGrader, type Elements, expectClose, type Kernel, type Random } from '#lab/grading/author.ts';
import { attention, kMistakes, toleranceOf, type AttentionShape } from '../../attention.ts';

type Params = {
  /** Or `group` query heads to a head of the cache. */
  heads?: number;
  group?: number;
  kvHeads: number;
  headSize: number;
  capacity: number;
  length: number;
  /** What lies behind the last position: numbers that would go unnoticed, or NaN. */
  unused?: string;
  /** What the scores are like: around 0 if left out. */
  scores?: string;
};

function shapeOf({ heads, group = 1, kvHeads, headSize, capacity, length }: Params): AttentionShape {
  return { heads: heads ?? group * kvHeads, kvHeads, headSize, capacity, length };
}

/** Keys that point against the query, or along it, by so much that exp() would have no place for the score. */
function leanKeys(
  keys: Float32Array,
  q: Float32Array,
  { heads, kvHeads, headSize, capacity }: AttentionShape,
  by: number,
) {
  for (let g = 0; g < kvHeads; ++g) {
    const own = q.subarray(((g * heads) / kvHeads) * headSize, ((g * heads) / kvHeads + 1) * headSize);
    const square = own.reduce((sum, x) => sum + x * x, 0);
    for (let p = 0; p < capacity; ++p) {
      for (let d = 0; d < headSize; ++d) {
        const at = (g * capacity + p) * headSize + d;
        keys[at] = (keys[at] ?? 0) + ((own[d] ?? 0) * by * Math.sqrt(headSize)) / square;
      }
    }
  }
}

function operands(kernel: Kernel, params: Params, random: Random) {
  const shape = shapeOf(params);
  const { heads, kvHeads, headSize, capacity, length } = shape;
  const [queries, keys, values] = [heads, kvHeads * capacity, kvHeads * capacity].map((vectors) =>
    random.floats(vectors * headSize),
  ) as [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
  if (params.scores === 'high') for (let i = 0; i < keys.length; ++i) keys[i]! *= 400;
  if (params.scores === 'low') leanKeys(keys, queries, shape, -300);
  if (params.scores === 'close') leanKeys(keys, queries, shape, 300);
  if (params.unused === 'nan')
    for (const array of [keys, values])
      for (let g = 0; g < kvHeads; ++g)
        array.fill(NaN, (g * capacity + length) * headSize, (g + 1) * capacity * headSize);
  const cache = [kvHeads, capacity, headSize];
  const q = kernel.input('q', queries, [heads, headSize]);
  const k = kernel.input('keys', keys, cache);
  const v = kernel.input('values', values, cache);
  const out = kernel.output('out', 'f32', [heads, headSize]);
  // Full of NaN, and the same in every run: what nobody wrote there is not the kernel's result.
  const scratch = kernel.inout('scratch', new Float32Array(heads * capacity).fill(NaN), [heads, capacity]);
  const args = [q, k, v, out, scratch, heads, kvHeads, capacity, headSize, length];
  return { shape, queries, keys, values, out, args };
}

/** A word on what probably went wrong. */
function explain(got: Elements, params: Params, { shape, queries, keys, values }: ReturnType<typeof operands>): string {
  const isSpoilt = got.some((value) => !Number.isFinite(value));
  if (isSpoilt && params.scores === 'low')
    return 'All scores are near -300 here, where exp() is 0, and 0 / 0 is no number: subtract the largest score, and begin that maximum with the first score, not with 0.';
  if (isSpoilt && params.scores !== undefined)
    return 'The scores are some hundreds here, and exp() is infinite from 89 on: subtract the largest score first.';
  const mistake = kMistakes.find(({ change, isPartial = false }) => {
    const wrong = attention(shape, queries, keys, values, change);
    const isLike = (value: number, i: number) => Math.abs(value - (got[i] ?? NaN)) <= 1e-4 * (1 + Math.abs(value));
    return wrong.every((value, i) => (isPartial && Number.isNaN(value)) || isLike(value, i));
  });
  if (mistake !== undefined) return mistake.sentence;
  if (isSpoilt && params.unused === 'nan')
    return 'From position `length` on the cache holds NaN here: those positions must not be read into any sum, not even times 0.';
  return '';
}

export default defineGrader<Params>({
  run(kernel, params, random) {
    const made = operands(kernel, params, random);
    const { shape, queries, keys, values, out, args } = made;
    kernel.call('attend', ...args);
    const got = kernel.read(out);
    const exact = attention(shape, queries, keys, values);
    const tolerance = toleranceOf(shape, queries, keys, values);
    try {
      expectClose(out, got, exact, tolerance);
    } catch {
      expectClose(out, got, exact, tolerance, explain(got, params, made));
    }
  },
  timing(kernel, params, random) {
    const { out, args } = operands(kernel, params, random);
    return {
      call: () => void kernel.callUnchecked('attend', ...args),
      outputs: () => [kernel.read(out)],
      // Some 20 times what orders of sums were seen to differ by, and a fifth of what half precision is off.
      compare: ([got], [expected]) => expectClose(out, got ?? new Float32Array(), expected ?? [], 4 * 2 ** -20),
    };
  },
});
