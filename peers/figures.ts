// Figures from results, and how they are written.
import { familyOf } from './families/index.ts';
import type { Ratio } from './statistics.ts';
import type { LaneResult, TaskResult } from './types.ts';

/** Quiet repetitions in 1e9 operations a second. */
export function speeds({ task }: TaskResult, { repetitions }: LaneResult): number[] {
  const work = familyOf(task).work(task);
  return repetitions.filter(({ quiet }) => quiet).map(({ calls, seconds }) => (1e-9 * calls * work) / seconds);
}

/** Three digits: 0.42, 4.21, 42.1, 421. */
export function figure(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

export function ratioText({ value, low, high }: Ratio): string {
  return `**${value.toFixed(2)}** (${low.toFixed(2)}–${high.toFixed(2)})`;
}
