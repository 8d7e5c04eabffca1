import { defineGrader, expectClose, type Kernel, type Random } from '#lab/grading/author.ts';
import { roundingOf, timedTolerance, type MatmulParams } from '../../matmul.ts';

type BackendParams = MatmulParams & { count: number; scratch: number };

/** `count` products of one shape, and scratch. */
function operands(kernel: Kernel, params: BackendParams, random: Random) {
  const { M, K, N, count } = params;
  const a = kernel.input('A', random.floats(count * M * K), [count, M, K]);
  const b = kernel.input('B', random.floats(count * K * N), [count, K, N]);
  const c = kernel.output('C', 'f32', [count, M, N]);
  // Full of NaN, and the same in every run: what nobody wrote there is not the kernel's result.
  const scratch = kernel.inout('scratch', new Float32Array(params.scratch).fill(NaN));
  return { a, b, c, args: [a, b, c, count, M, K, N, scratch, params.scratch] };
}

export default defineGrader<BackendParams>({
  run(kernel, params, random) {
    const { a, b, c, args } = operands(kernel, params, random);
    kernel.call('multiply', ...args);
    const { M, K, N, count } = params;
    const [x, y] = [kernel.read(a), kernel.read(b)];
    const products = Array.from({ length: count }, (_, i) =>
      roundingOf(x.subarray(i * M * K, (i + 1) * M * K), y.subarray(i * K * N, (i + 1) * K * N), params),
    );
    const exact = products.flatMap((one) => [...one.exact]);
    const size = M * N;
    const tolerance = (index: number) => products[Math.floor(index / size)]?.tolerance(index % size) ?? 0;
    expectClose(c, kernel.read(c), exact, tolerance);
  },
  timing(kernel, params, random) {
    const { c, args } = operands(kernel, params, random);
    return {
      call: () => void kernel.callUnchecked('multiply', ...args),
      outputs: () => [kernel.read(c)],
      compare: ([got], [expected]) => expectClose(c, got ?? new Float32Array(), expected ?? [], timedTolerance(params)),
    };
  },
});
