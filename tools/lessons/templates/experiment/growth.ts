/** What the measured points say. No DOM. */
import { median } from '#lab/statistics.ts';
import type { SizePoint } from './task.ts';

/** Points that have a time, as their medians. */
export const mediansOf = (points: readonly SizePoint[]): { size: number; seconds: number }[] =>
  points.filter(({ seconds }) => seconds.length > 0).map(({ size, seconds }) => ({ size, seconds: median(seconds) }));

/** How much longer the largest takes than the one of half its size; null where either is missing. */
export function lastDoubling(points: readonly SizePoint[]): number | null {
  const last = mediansOf(points).at(-1);
  const half = mediansOf(points).find(({ size }) => 2 * size === last?.size);
  return last === undefined || half === undefined ? null : last.seconds / half.seconds;
}
