// Figures from results, and how they are written.
import { flops } from './families/gemm-f32.ts';
import type { Ratio } from './statistics.ts';
import type { LaneResult, TaskResult } from './types.ts';

/** Quiet repetitions in GFLOP/s. */
export function speeds({ task }: TaskResult, { repetitions }: LaneResult): number[] {
  return repetitions.filter(({ quiet }) => quiet).map(({ calls, seconds }) => (1e-9 * calls * flops(task)) / seconds);
}

export function ratioText({ value, low, high }: Ratio): string {
  return `**${value.toFixed(2)}** (${low.toFixed(2)}–${high.toFixed(2)})`;
}
