// Comparing a library's result with one computed the plain way.
import type { Check, Values } from '../types.ts';

/** The error of what is no number, or of another size. */
export const kHopeless = 1e9;

export interface Expected {
  rows: number;
  columns: number;
  /** Adds row i: to `sum` every product, to `magnitude` its absolute value. Both are zero before. */
  add(i: number, sum: Float64Array, magnitude: Float64Array): void;
  /** The error that is allowed where the absolute values of the products add up to `magnitude`. */
  allowed(magnitude: number): number;
}

export function compare({ rows, columns, add, allowed }: Expected, output: Values): Check {
  if (output.length !== rows * columns) return { ok: false, worst: kHopeless };
  const sum = new Float64Array(columns);
  const magnitude = new Float64Array(columns);
  let worst = 0;
  for (let i = 0; i < rows; i++) {
    sum.fill(0);
    magnitude.fill(0);
    add(i, sum, magnitude);
    for (let j = 0; j < columns; j++) {
      const error = Math.abs(output[i * columns + j]! - sum[j]!);
      if (error === 0) continue;
      const relative = error / allowed(magnitude[j]!);
      if (!Number.isFinite(relative)) return { ok: false, worst: kHopeless };
      worst = Math.max(worst, relative);
    }
  }
  return { ok: worst <= 1, worst };
}

/**
 * 2·K·ε·Σ|ab|, ε = 2⁻²⁴, K additions: what any order of the additions keeps, fused or not (Higham, Accuracy and Stability, 3.1), and
 * what half precision or a wrong operand doesn't.
 */
export function floatError(k: number): Expected['allowed'] {
  return (magnitude) => 2 * k * 2 ** -24 * magnitude;
}

/** Integers: nothing, unless the library rounds. Half is what no integer but the right one keeps. */
export function integerError(allowed = 0): Expected['allowed'] {
  return () => Math.max(0.5, allowed);
}

/** Rows of A[M,K]·B[K,N]. */
export function productRows(
  { k, n }: { k: number; n: number },
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): Expected['add'] {
  return (i, sum, magnitude) => {
    for (let p = 0; p < k; p++) {
      const x = a[i * k + p]!;
      for (let j = 0, at = p * n; j < n; j++, at++) {
        const product = x * b[at]!;
        sum[j]! += product;
        magnitude[j]! += Math.abs(product);
      }
    }
  };
}
