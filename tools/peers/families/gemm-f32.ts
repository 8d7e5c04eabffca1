// f32 matrix products: the shapes, their operands, what counts as the right result, and the targets. Runs in the browser too.
import { fill } from '../random.ts';
import type { Check, GemmTask, Operands } from '../types.ts';

/** The error of what is no number, or of another size. */
const kHopeless = 1e9;

const kShapes: readonly (readonly [string, number, number, number])[] = [
  ['128³', 128, 128, 128],
  ['256³', 256, 256, 256],
  ['512³', 512, 512, 512],
  ['1024³', 1024, 1024, 1024],
  ['64×784×256', 64, 784, 256],
  ['1×512²', 1, 512, 512],
  ['1×1024²', 1, 1024, 1024],
  ['1×2048²', 1, 2048, 2048],
];

export const kTasks: readonly GemmTask[] = kShapes.map(([name, m, k, n]) => ({ family: 'gemm-f32', name, m, k, n }));

/** The shapes whose figures are compared with the device's own limits. */
export const kProbed: ReadonlySet<string> = new Set(['512³', '1024³', '1×2048²']);

/** Ours ÷ the best peer, by shape: one thread in the browser, one thread native. */
export const kWebTargets: Readonly<Record<string, number>> = {
  '128³': 1.8,
  '256³': 1.5,
  '512³': 1.5,
  '1024³': 1.4,
  '64×784×256': 1.6,
  '1×512²': 1.5,
  '1×1024²': 1.4,
  '1×2048²': 1,
};
export const kNativeTargets: Readonly<Record<string, number>> = {
  '128³': 0.95,
  '256³': 0.95,
  '512³': 1,
  '1024³': 1,
  '64×784×256': 1,
  '1×1024²': 0.95,
  '1×2048²': 0.95,
};

/** The name that the command line takes: 1024, 64x784x256, 1x2048. */
export function shortName({ m, k, n }: GemmTask): string {
  if (m === k && k === n) return String(n);
  return m === 1 && k === n ? `1x${n}` : `${m}x${k}x${n}`;
}

export function flops({ m, k, n }: GemmTask): number {
  return 2 * m * k * n;
}

export function operands({ m, k, n }: GemmTask): Operands {
  return { a: fill(m * k, 1), b: fill(k * n, 2) };
}

/**
 * |c − Σ ab| ≤ 2·K·ε·Σ|ab| element by element, ε = 2⁻²⁴, against sums in float64: what any order of the additions keeps, fused or not
 * (Higham, Accuracy and Stability, 3.1), and what half precision or a wrong operand doesn't.
 */
export function check({ m, k, n }: GemmTask, { a, b }: Operands, output: Float32Array): Check {
  if (output.length !== m * n) return { ok: false, worst: kHopeless };
  const allowed = 2 * k * 2 ** -24;
  const sum = new Float64Array(n);
  const magnitude = new Float64Array(n);
  let worst = 0;
  for (let i = 0; i < m; i++) {
    sum.fill(0);
    magnitude.fill(0);
    for (let p = 0; p < k; p++) {
      const x = a[i * k + p]!;
      for (let j = 0, at = p * n; j < n; j++, at++) {
        const product = x * b[at]!;
        sum[j]! += product;
        magnitude[j]! += Math.abs(product);
      }
    }
    for (let j = 0; j < n; j++) {
      const error = Math.abs(output[i * n + j]! - sum[j]!) / (allowed * magnitude[j]!);
      if (!Number.isFinite(error)) return { ok: false, worst: kHopeless };
      worst = Math.max(worst, error);
    }
  }
  return { ok: worst <= 1, worst };
}
