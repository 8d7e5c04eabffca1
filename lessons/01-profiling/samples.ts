/** Times as clocks give them, and what statistics say of them: the other side of exercise timer-statistics. */
import type { Random } from '#lab/grading/author.ts';

/** Either the values themselves (seconds), or a kind and a number of them. */
export type SampleParams = { values?: number[]; samples?: string; count?: number };

/** A power of two, so that sums and halves of ticks are exact and equal means equal: some 3.8 µs. */
const kTick = 2 ** -18;

export function makeSamples({ values, samples = '', count = 0 }: SampleParams, random: Random): Float64Array {
  if (values !== undefined) return Float64Array.from(values);
  const calm = () => 1e-3 * random.real(1, 1.25);
  const list = (make: (index: number) => number) => Float64Array.from({ length: count }, (_, i) => make(i));
  switch (samples) {
    case 'calm':
      return list(calm);
    case 'ticks':
      return list(() => kTick * random.integer(20, 27));
    case 'equal':
      return new Float64Array(count).fill(calm());
    case 'ascending':
      return list(calm).sort();
    case 'descending':
      return list(calm).sort().reverse();
    case 'disturbed':
      return list((i) => (i % 7 === 3 ? random.real(3, 100) * calm() : calm()));
    case 'sides':
      return list((i) => 1e-3 * random.real(1, 1.02) * (i % 9 === 4 ? 20 : i % 11 === 5 ? 0.5 : 1));
    case 'spread':
      return list(() => 10 ** random.real(-9, 3));
    default:
      throw new Error(`no samples of the kind '${samples}'`);
  }
}

export function sorted(values: Float64Array): Float64Array {
  return values.toSorted();
}

/** Of values as they lie. */
export function middle(values: Float64Array): number {
  const n = values.length;
  return ((values[Math.floor((n - 1) / 2)] ?? NaN) + (values[Math.floor(n / 2)] ?? NaN)) / 2;
}

export function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The definition in whole numbers: C(n,0) + … + C(n,l-1) is at most a fortieth of 2^n. */
export function intervalRank(n: number): number {
  let choices = 1n;
  let tail = 0n;
  for (let l = 0; ; ++l) {
    tail += choices;
    if (40n * tail > 1n << BigInt(n)) return l;
    choices = (choices * BigInt(n - l)) / BigInt(l + 1);
  }
}
