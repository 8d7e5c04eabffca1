import {
  cachedTokenFlops,
  exponentAt,
  fitCurve,
  generationFlops,
  uncachedTokenFlops,
  type AttentionShape,
  type Estimate,
  type GrowthFit,
} from '#lab/growth.ts';
import type { LmConfig } from '#lab/types.ts';
import type { GrowthPoint, GrowthReport } from './task.ts';

/** What <cost-curve> says of a token's time at each position, and what follows from operation counts alone. */

const kPositions = [
  8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096,
];
/** Sequences that can be chosen; the longest would take a large model a minute. */
export const kLengths = [256, 1024, 2048, 4096];
/** Where a token is cheap enough to compare with. */
export const kEarly = 64;

export const positionsUpTo = (longest: number): number[] => kPositions.filter((position) => position <= longest);

export type Way = 'cached' | 'uncached';
export const kWays: readonly Way[] = ['cached', 'uncached'];

/** Seconds of a token at a position: of the fastest repetition, since what else a device does only adds to it; and the slowest. */
export interface CostPoint {
  position: number;
  seconds: number;
  high: number;
}

/** Those positions that have been measured. */
export function costPoints(points: readonly GrowthPoint[], way: Way): CostPoint[] {
  return points
    .filter((point) => point[way].length > 0)
    .map((point) => ({
      position: point.position,
      seconds: Math.min(...point[way]),
      high: Math.max(...point[way]),
    }));
}

/** The fit of least relative deviations: the times span orders of magnitude. */
export const fitOf = (points: readonly CostPoint[]): GrowthFit | null => fitCurve(points, true);

/** Between points on a line, before the first as the first; null beyond the last. */
export function secondsAt(points: readonly CostPoint[], position: number): number | null {
  const next = points.findIndex((point) => point.position >= position);
  if (next < 0) return null;
  const after = points[next]!;
  const before = points[next - 1];
  if (before === undefined) return after.seconds;
  const share = (position - before.position) / (after.position - before.position);
  return before.seconds + share * (after.seconds - before.seconds);
}

/** All of `tokens` tokens, each by its position; null where they are more than were measured. */
export function generationSeconds(points: readonly CostPoint[], tokens: number): number | null {
  let sum = 0;
  for (let position = 0; position < tokens; ++position) {
    const seconds = secondsAt(points, position);
    if (seconds === null) return null;
    sum += seconds;
  }
  return sum;
}

export const kGenerations = [64, 256, 1024, 2048, 4096];

export interface WholeGeneration {
  tokens: number;
  cached: number;
  uncached: number;
}

/** Sums over the points; nothing that was measured as a whole. */
export function wholeGenerations(points: readonly GrowthPoint[]): WholeGeneration[] {
  const [cached, uncached] = kWays.map((way) => costPoints(points, way));
  return kGenerations.flatMap((tokens) => {
    const seconds = [generationSeconds(cached!, tokens), generationSeconds(uncached!, tokens)];
    return seconds[0] == null || seconds[1] == null ? [] : [{ tokens, cached: seconds[0], uncached: seconds[1] }];
  });
}

export function attentionShape({ layers, heads, dim }: LmConfig): AttentionShape {
  return { layers, heads, headSize: dim / heads };
}

/** Weights that each token is multiplied by: those of all layers, and the classifier's. */
export function matrixWeights({ vocab, dim, layers, heads, kvHeads, hidden }: LmConfig): {
  layers: number;
  classifier: number;
} {
  const attention = 2 * dim * dim + (2 * dim * kvHeads * dim) / heads;
  return { layers: layers * (attention + 3 * dim * hidden), classifier: vocab * dim };
}

/** FLOPs of the token at `position`: its matrices, and attention. Without the cache the layers compute all tokens before it, too. */
export function tokenFlops(config: LmConfig, way: Way, position: number): { matrices: number; attention: number } {
  const weights = matrixWeights(config);
  const shape = attentionShape(config);
  return way === 'cached'
    ? { matrices: 2 * (weights.layers + weights.classifier), attention: cachedTokenFlops(shape, position) }
    : {
        matrices: 2 * (weights.layers * (position + 1) + weights.classifier),
        attention: uncachedTokenFlops(shape, position),
      };
}

/** The first position where attention has more operations than the matrices. */
export function overtakes(config: LmConfig, way: Way): number {
  const { layers, heads, headSize } = attentionShape(config);
  const weights = matrixWeights(config);
  const perKey = 2 * layers * heads * headSize;
  // Cached: 2·perKey·(t+1) >= 2·all weights. Without: perKey·(t+1)·(t+2) >= 2·(layer weights·(t+1) + classifier), which grows with t.
  let position = Math.max(0, Math.floor((way === 'cached' ? 1 : 2) * (weights.layers / perKey)) - 8);
  const over = (t: number) => {
    const { matrices, attention } = tokenFlops(config, way, t);
    return attention >= matrices;
  };
  while (!over(position)) ++position;
  while (position > 0 && over(position - 1)) --position;
  return position;
}

export interface ExponentRow {
  way: Way;
  /** All tokens up to there, or that one token. */
  whole: boolean;
  measured: number;
  /** The exponents of all counted operations, and of attention's alone, over the same range. */
  operations: number;
  attention: number;
  /** What attention's comes to in the end. */
  limit: number;
}

/** The exponents of growth from half the longest sequence to all of it; empty before both ends have been measured. */
export function exponentRows({ points, config }: Pick<GrowthReport, 'points' | 'config'>): ExponentRow[] {
  const longest = points.at(-1)?.position ?? 0;
  const half = longest / 2;
  return kWays.flatMap((way): ExponentRow[] => {
    const measured = costPoints(points, way);
    if (!measured.some(({ position }) => position === half)) return [];
    const ends = [secondsAt(measured, half), secondsAt(measured, longest)];
    const sums = [generationSeconds(measured, half), generationSeconds(measured, longest)];
    if (ends[0] == null || ends[1] == null || sums[0] == null || sums[1] == null) return [];
    const attention = (t: number) => tokenFlops(config, way, t).attention;
    const all = (t: number) => attention(t) + tokenFlops(config, way, t).matrices;
    const power = way === 'cached' ? 1 : 2;
    return [
      {
        way,
        whole: false,
        measured: Math.log2(ends[1] / ends[0]),
        operations: exponentAt(all, half),
        attention: exponentAt(attention, half),
        limit: power,
      },
      {
        way,
        whole: true,
        measured: Math.log2(sums[1] / sums[0]),
        operations: exponentAt((n) => generationFlops(all, n), half),
        attention: exponentAt((n) => generationFlops(attention, n), half),
        limit: power + 1,
      },
    ];
  });
}

/** How much longer the last token takes than an early one; null before both have been measured. */
export function factorFrom(points: readonly GrowthPoint[], way: Way): number | null {
  const measured = costPoints(points, way);
  const [early, last] = [measured.find(({ position }) => position === kEarly), measured.at(-1)];
  if (early === undefined || last === undefined || last.position === kEarly) return null;
  return last.seconds / early.seconds;
}

/**
 * The position where the growing part of a token's time has caught up with its fixed part: a/b, or b/c, with the standard error that the two
 * coefficients give it; null where either is not told apart from 0.
 */
export function measuredCrossing({ a, b, c }: GrowthFit, way: Way): Estimate | null {
  const [fixed, growing] = way === 'cached' ? [a, b] : [b, c];
  if (growing.value <= 2 * growing.error || fixed.value <= 2 * fixed.error) return null;
  const value = fixed.value / growing.value;
  return { value, error: value * Math.hypot(fixed.error / fixed.value, growing.error / growing.value) };
}

/** All measured points, one a line. */
export function costCsv({ points }: Pick<GrowthReport, 'points'>): string {
  const rows = points.map((point) => {
    const columns = kWays.flatMap((way): (number | string)[] => {
      const [cost] = costPoints([point], way);
      return cost === undefined ? ['', ''] : [cost.seconds, cost.high];
    });
    return [point.position, ...columns].join(',');
  });
  const names = kWays.flatMap((way) => [`${way}_fastest_s`, `${way}_slowest_s`]);
  return [['position', ...names].join(','), ...rows, ''].join('\n');
}
