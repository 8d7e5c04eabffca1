import type { TimingReport } from './task.ts';
import { mean, median } from '#lab/statistics.ts';

/** What several people would report who each timed the same thing a few times. */

/** Calls that one person makes. */
export const kGroup = 25;

export interface Estimates {
  /** The name of the rule. */
  name: string;
  /** Each person's figure, seconds. */
  values: number[];
}

/** The calls in order, cut into groups; a group that isn't full is left out. */
export function groupsOf(calls: readonly number[], size = kGroup): number[][] {
  return Array.from({ length: Math.floor(calls.length / size) }, (_, i) => calls.slice(i * size, (i + 1) * size));
}

/** One call, a mean, a median, for each person; and the library's batches. */
export function estimatesOf({ calls, batches }: TimingReport): Estimates[] {
  const groups = groupsOf(calls);
  const rows = [
    { name: 'one call', values: groups.map((group) => group[0]!) },
    { name: `mean of ${kGroup}`, values: groups.map(mean) },
    { name: `median of ${kGroup}`, values: groups.map(median) },
    { name: 'one batch', values: [...batches] },
  ];
  return rows.filter(({ values }) => values.length > 0);
}

/** (largest − smallest) / median: how far two people may be apart. */
export function spreadOf(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

export interface Histogram {
  /** The lower edge of the first bar and the width of each, seconds. */
  from: number;
  width: number;
  counts: number[];
  /** Values beyond the last bar. */
  beyond: number;
}

/**
 * Bars of a whole number of ticks, since times lie on the clock's steps, up to `upTo`; what is beyond is counted, not drawn: one interruption
 * would squeeze all other bars into one.
 */
export function histogramOf(values: readonly number[], tick: number, upTo: number, bars = 40): Histogram {
  const low = Math.min(...values);
  const width = Math.max(tick, Math.ceil((upTo - low) / bars / tick) * tick);
  const from = Math.floor(low / width + 1e-6) * width;
  const counts = new Array<number>(Math.max(1, Math.ceil((upTo - from) / width - 1e-6))).fill(0);
  let beyond = 0;
  for (const value of values) {
    const bar = Math.floor((value - from) / width + 1e-6);
    if (bar < counts.length) counts[bar] = (counts[bar] ?? 0) + 1;
    else ++beyond;
  }
  return { from, width, counts, beyond };
}
