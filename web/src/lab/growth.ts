import { median } from './statistics.ts';

/** How the time of a token grows with its position: a curve through measured times, and the operations that it follows from. */

/** A token: where it stood, and how long it took. */
export interface TokenTime {
  position: number;
  seconds: number;
}

/** seconds = a + b·t + c·t². */
export interface GrowthFit {
  a: Estimate;
  b: Estimate;
  c: Estimate;
  /** Places that the curve goes through: medians of neighbouring positions. */
  points: number;
  /** How far the medians lie from the curve: the root of the mean square, seconds. */
  residual: number;
}

export interface Estimate {
  value: number;
  /** Standard error. */
  error: number;
}

const kFewestPoints = 4;

/** The median time of each group of `width` neighbouring positions, at the group's mean position. A token that was interrupted moves none. */
export function medians(times: readonly TokenTime[], width: number): TokenTime[] {
  const groups = new Map<number, TokenTime[]>();
  for (const time of times) {
    const key = Math.floor(time.position / width);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [time]);
    else group.push(time);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, group]) => {
      const position = group.reduce((sum, time) => sum + time.position, 0) / group.length;
      return { position, seconds: median(group.map(({ seconds }) => seconds)) };
    });
}

/**
 * Least squares through the medians of groups of positions, as many groups as `groups` at most. Null with fewer than four groups. The errors
 * are those of the residuals' spread, taken for independent: a clock that drifts makes the true ones larger.
 */
export function fitGrowth(times: readonly TokenTime[], groups = 64): GrowthFit | null {
  if (times.length === 0) return null;
  const positions = times.map(({ position }) => position);
  const [low, high] = [Math.min(...positions), Math.max(...positions)];
  return fitCurve(medians(times, Math.max(1, Math.ceil((high - low + 1) / groups))));
}

/**
 * Least squares through the points themselves. `relative`: of the relative deviations, for times that span orders of magnitude and are
 * uncertain by about the same percentage each; `residual` is a fraction then, too.
 */
export function fitCurve(points: readonly TokenTime[], relative = false): GrowthFit | null {
  if (points.length < kFewestPoints) return null;
  const positions = points.map(({ position }) => position);
  const [low, high] = [Math.min(...positions), Math.max(...positions)];
  // In u = (t - middle)/half, from -1 to 1: powers of t itself differ by so much that the equations would be nearly singular.
  const middle = (low + high) / 2;
  const half = (high - low) / 2;
  const scales = points.map(({ seconds }) => (relative ? 1 / seconds : 1));
  const rows = points.map(({ position }, k) => {
    const u = (position - middle) / half;
    return [1, u, u * u].map((value) => value * scales[k]!);
  });
  const times = points.map(({ seconds }, k) => seconds * scales[k]!);
  const inverse = invert(normalMatrix(rows));
  if (inverse === null) return null;
  const right = [0, 1, 2].map((i) => rows.reduce((sum, row, k) => sum + row[i]! * times[k]!, 0));
  const p = inverse.map((row) => row.reduce((sum, value, j) => sum + value * right[j]!, 0));
  const errors = rows.map((row, k) => times[k]! - row.reduce((sum, value, j) => sum + value * p[j]!, 0));
  const squares = errors.reduce((sum, error) => sum + error * error, 0);
  const variance = squares / (points.length - 3);
  // t = middle + half·u turns the coefficients of u into those of t; each is a sum of p's with these weights.
  const weights = [
    [1, -middle / half, (middle / half) ** 2],
    [0, 1 / half, (-2 * middle) / half ** 2],
    [0, 0, 1 / half ** 2],
  ];
  const [a, b, c] = weights.map((weight) => estimate(weight, p, inverse, variance));
  return { a: a!, b: b!, c: c!, points: points.length, residual: Math.sqrt(squares / points.length) };
}

function estimate(weight: number[], p: number[], inverse: number[][], variance: number): Estimate {
  let [value, spread] = [0, 0];
  for (let i = 0; i < 3; ++i) {
    value += weight[i]! * p[i]!;
    for (let j = 0; j < 3; ++j) spread += weight[i]! * weight[j]! * inverse[i]![j]!;
  }
  return { value, error: Math.sqrt(Math.max(0, spread * variance)) };
}

function normalMatrix(rows: readonly number[][]): number[][] {
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)));
}

/** The inverse of a 3×3 matrix by its cofactors; null if it is singular. */
function invert(m: readonly number[][]): number[][] | null {
  const at = (i: number, j: number) => m[i % 3]![j % 3]!;
  const cofactor = (i: number, j: number) => at(i + 1, j + 1) * at(i + 2, j + 2) - at(i + 1, j + 2) * at(i + 2, j + 1);
  const determinant = at(0, 0) * cofactor(0, 0) + at(0, 1) * cofactor(0, 1) + at(0, 2) * cofactor(0, 2);
  if (Math.abs(determinant) < 1e-12) return null;
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => cofactor(j, i) / determinant));
}

/** The curve at a position. */
export const predicted = ({ a, b, c }: GrowthFit, position: number): number =>
  a.value + b.value * position + c.value * position ** 2;

/** A model, as far as attention's arithmetic asks for it. */
export interface AttentionShape {
  layers: number;
  heads: number;
  headSize: number;
}

/** What a cache keeps; a window of 0 is all. */
export interface KeptTokens {
  window: number;
  sinks: number;
}

/** Keys that the token at `position` (from 0) sees. */
export const keysSeen = (position: number, { window, sinks }: KeptTokens): number =>
  window === 0 ? position + 1 : Math.min(position + 1, window + sinks);

const kAll: KeptTokens = { window: 0, sinks: 0 };

/**
 * Attention's floating-point operations for the token at `position` with a cache: 4·D for each key seen, in each head (the score, and the
 * weighted value).
 */
export const cachedTokenFlops = (shape: AttentionShape, position: number, kept = kAll): number =>
  4 * shape.layers * shape.heads * shape.headSize * keysSeen(position, kept);

/** The same without a cache: attention of all tokens up to this one is computed again. */
export const uncachedTokenFlops = (shape: AttentionShape, position: number): number =>
  2 * shape.layers * shape.heads * shape.headSize * (position + 1) * (position + 2);

/** The sum over a whole generation of `length` tokens. */
export function generationFlops(flops: (position: number) => number, length: number): number {
  let sum = 0;
  for (let position = 0; position < length; ++position) sum += flops(position);
  return sum;
}

/** The exponent e of count ≈ k·nᵉ between n and 2n: the slope in a plot of logarithms. */
export const exponentAt = (count: (n: number) => number, n: number): number => Math.log2(count(2 * n) / count(n));

export interface Exponents {
  cachedToken: number;
  cachedGeneration: number;
  uncachedToken: number;
  uncachedGeneration: number;
}

/** The exponents of attention's operations, from the counts at `length` and twice that. */
export function exponents(shape: AttentionShape, length: number, kept = kAll): Exponents {
  const cached = (position: number) => cachedTokenFlops(shape, position, kept);
  const uncached = (position: number) => uncachedTokenFlops(shape, position);
  return {
    cachedToken: exponentAt((n) => cached(n - 1), length),
    cachedGeneration: exponentAt((n) => generationFlops(cached, n), length),
    uncachedToken: exponentAt((n) => uncached(n - 1), length),
    uncachedGeneration: exponentAt((n) => generationFlops(uncached, n), length),
  };
}
