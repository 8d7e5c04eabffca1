// What the families of matrix products share.
import type { GemmTask } from '../types.ts';

export type Shape = readonly [name: string, m: number, k: number, n: number];

/** The name that the command line takes: 1024, 64x784x256, 1x2048. */
export function shortName({ m, k, n }: Pick<GemmTask, 'm' | 'k' | 'n'>): string {
  if (m === k && k === n) return String(n);
  return m === 1 && k === n ? `1x${n}` : `${m}x${k}x${n}`;
}

/** A multiply-add counts as two. */
export function operations({ m, k, n }: Pick<GemmTask, 'm' | 'k' | 'n'>): number {
  return 2 * m * k * n;
}
