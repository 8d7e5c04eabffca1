// Medians, their intervals and ratios of medians.
import { median, sorted } from '#lab/statistics.ts';
import { uniform } from './random.ts';

export interface Summary {
  count: number;
  median: number;
  /** 95 % interval of the median by order statistics; minimum and maximum where there are fewer than 6. */
  low: number;
  high: number;
  /** (high − low) ÷ median. */
  spread: number;
}

export interface Ratio {
  value: number;
  low: number;
  high: number;
}

const kResamples = 2000;

/**
 * How many of n values to leave out on each side so that the rest still spans the median with 95 % confidence: the largest r with
 * 2·P(Binomial(n, ½) < r) ≤ 5 %, less one.
 */
export function intervalTrim(n: number): number {
  let term = 0.5 ** n;
  let below = 0;
  let r = 0;
  while (r < n / 2 && 2 * (below + term) <= 0.05) {
    below += term;
    r++;
    term *= (n - r + 1) / r;
  }
  return Math.max(0, r - 1);
}

export function summarize(values: readonly number[]): Summary {
  const order = sorted(values);
  const middle = median(values);
  const trim = intervalTrim(order.length);
  const low = order[trim]!;
  const high = order[order.length - 1 - trim]!;
  return { count: order.length, median: middle, low, high, spread: (high - low) / middle };
}

/**
 * A statistic of the medians of several samples, with a 95 % interval by the bootstrap: each sample is drawn again, with replacement.
 */
export function bootstrap(
  samples: readonly (readonly number[])[],
  statistic: (medians: readonly number[]) => number,
  seed = 1,
): Ratio {
  const next = uniform(seed);
  const redrawn = (values: readonly number[]) =>
    median(values.map(() => values[Math.floor(((next() + 1) / 2) * values.length)]!));
  const order = sorted(Array.from({ length: kResamples }, () => statistic(samples.map(redrawn))));
  return {
    value: statistic(samples.map(median)),
    low: order[Math.floor(0.025 * kResamples)]!,
    high: order[Math.ceil(0.975 * kResamples) - 1]!,
  };
}

/**
 * median(ours) ÷ the highest of the rivals' medians. Each resample chooses its own best rival, so that the interval also holds the doubt
 * about which of them is best.
 */
export function ratioToBest(ours: readonly number[], rivals: readonly (readonly number[])[], seed = 1): Ratio {
  return bootstrap([ours, ...rivals], ([mine = NaN, ...theirs]) => mine / Math.max(...theirs), seed);
}

/** A side with a wider interval, relative to its median, gets no verdict. */
export const kSpreadAllowed = 0.25;
/** A verdict takes this many quiet repetitions of each side. */
export const kEnough = 7;

/**
 * Of ours (the first side) and a rival. Wide intervals leave no doubt where even the worst of ours against the best of the rival's, or the
 * other way round, is on the same side of the target.
 */
export function verdict(ratio: Ratio, target: number, sides: readonly Summary[]): string {
  const fewest = Math.min(...sides.map(({ count }) => count));
  const widest = Math.max(...sides.map(({ spread }) => spread));
  if (fewest < kEnough) return `no verdict (${fewest} quiet)`;
  if (widest > kSpreadAllowed && !beyondDoubt(target, sides))
    return `no verdict (spread ${(100 * widest).toFixed(1)} %)`;
  return ratio.value >= target ? 'met' : 'missed';
}

function beyondDoubt(target: number, [ours, rival]: readonly Summary[]): boolean {
  return (
    ours !== undefined && rival !== undefined && (ours.low / rival.high >= target || ours.high / rival.low < target)
  );
}
