/** What the exercises of this lesson share: operands and judgement of `matmul(a, b, c, M, K, N)`. */
import {
  defineGrader,
  type Elements,
  expectClose,
  type Grader,
  kEpsilon,
  type Kernel,
  type Random,
} from '#lab/grading/author.ts';

export type MatmulParams = { M: number; K: number; N: number };

/** A·B in float64, and what an element may differ from it: rounding of any order of sums stays within, half precision does not. */
export function roundingOf(
  a: Elements,
  b: Elements,
  { M, K, N }: MatmulParams,
): { exact: Float64Array; tolerance: (index: number) => number } {
  const exact = new Float64Array(M * N);
  const size = new Float64Array(M * N); // |A|·|B|
  for (let i = 0; i < M; ++i) {
    for (let k = 0; k < K; ++k) {
      const x = a[i * K + k] ?? 0;
      for (let j = 0; j < N; ++j) {
        const term = x * (b[k * N + j] ?? 0);
        exact[i * N + j]! += term;
        size[i * N + j]! += Math.abs(term);
      }
    }
  }
  return { exact, tolerance: (index) => 2 * Math.max(1, K) * kEpsilon * (size[index] ?? 0) };
}

/** The same where a timed result is compared with the reference's: in float32 some 40 times what any order of sums was seen to err. */
export function timedTolerance({ K }: MatmulParams): number {
  return 16 * K * kEpsilon;
}

/** A and B of random numbers in [-1, 1), and C to be written. */
export function matmulOperands(kernel: Kernel, { M, K, N }: MatmulParams, random: Random) {
  const a = kernel.input('A', random.floats(M * K), [M, K]);
  const b = kernel.input('B', random.floats(K * N), [K, N]);
  const c = kernel.output('C', 'f32', [M, N]);
  return { a, b, c };
}

/** Judges `matmul(a, b, c, M, K, N)`. */
export function matmulGrader(name = 'matmul'): Grader {
  return defineGrader<MatmulParams>({
    run(kernel, params, random) {
      const { a, b, c } = matmulOperands(kernel, params, random);
      kernel.call(name, a, b, c, params.M, params.K, params.N);
      const { exact, tolerance } = roundingOf(kernel.read(a), kernel.read(b), params);
      expectClose(c, kernel.read(c), exact, tolerance);
    },
    timing(kernel, params, random) {
      const { a, b, c } = matmulOperands(kernel, params, random);
      return {
        call: () => void kernel.callUnchecked(name, a, b, c, params.M, params.K, params.N),
        outputs: () => [kernel.read(c)],
        compare: ([got], [expected]) =>
          expectClose(c, got ?? new Float32Array(), expected ?? [], timedTolerance(params)),
      };
    },
  });
}
