/** What the exercises of this lesson share: operands and judgement of `matmul(a, b, c, M, K, N)`. */
import { expectClose, kEpsilon } from '../../web/src/lab/grading/expect.ts';
import { defineGrader, type Grader } from '../../web/src/lab/grading/grader.ts';
import type { Elements, Kernel } from '../../web/src/lab/grading/kernel.ts';
import type { Random } from '../../web/src/lab/grading/random.ts';

export type MatmulParams = { M: number; K: number; N: number };

/** A·B in float64, and |A|·|B|: rounding of any order of sums stays within 2·K·ε of the latter, half precision does not. */
function product(a: Elements, b: Elements, { M, K, N }: MatmulParams): { exact: Float64Array; size: Float64Array } {
  const exact = new Float64Array(M * N);
  const size = new Float64Array(M * N);
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
  return { exact, size };
}

export function matmulGrader(name = 'matmul'): Grader {
  const operands = (kernel: Kernel, { M, K, N }: MatmulParams, random: Random) => {
    const a = kernel.input('A', random.floats(M * K), [M, K]);
    const b = kernel.input('B', random.floats(K * N), [K, N]);
    const c = kernel.output('C', 'f32', [M, N]);
    return { a, b, c };
  };
  return defineGrader<MatmulParams>({
    run(kernel, params, random) {
      const { a, b, c } = operands(kernel, params, random);
      kernel.call(name, a, b, c, params.M, params.K, params.N);
      const { exact, size } = product(kernel.read(a), kernel.read(b), params);
      expectClose(c, kernel.read(c), exact, (i) => 2 * Math.max(1, params.K) * kEpsilon * (size[i] ?? 0));
    },
    timing(kernel, params, random) {
      const { a, b, c } = operands(kernel, params, random);
      return {
        call: () => void kernel.callUnchecked(name, a, b, c, params.M, params.K, params.N),
        outputs: () => [kernel.read(c)],
        // In float32 some 40 times what any order of sums was seen to err; half precision errs more.
        compare: ([got], [expected]) =>
          expectClose(c, got ?? new Float32Array(), expected ?? [], 16 * params.K * kEpsilon),
      };
    },
  });
}
