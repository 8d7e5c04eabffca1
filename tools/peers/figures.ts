// Figures from results, and how they are written.
import { familyOf } from './families/index.ts';
import type { Ratio } from './statistics.ts';
import type { LaneResult, TaskResult } from './types.ts';

/** Quiet repetitions in 1e9 operations a second. */
export function speeds({ task }: TaskResult, { repetitions }: LaneResult): number[] {
  const work = familyOf(task).work(task);
  return repetitions.filter(({ quiet }) => quiet).map(({ calls, seconds }) => (1e-9 * calls * work) / seconds);
}

export function ratioText({ value, low, high }: Ratio): string {
  return `**${value.toFixed(2)}** (${low.toFixed(2)}–${high.toFixed(2)})`;
}
