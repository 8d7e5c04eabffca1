import { defineGrader, expectClose } from '#lab/grading/author.ts';
import { roundingOf, timedTolerance, type MatmulParams } from '../../matmul.ts';

const kPanel = 8;

/** The layout that the ABI describes. */
function packed(b: Float32Array, K: number, N: number): Float32Array<ArrayBuffer> {
  const count = Math.ceil(N / kPanel);
  const panels = new Float32Array(count * K * kPanel);
  for (let k = 0; k < K; ++k)
    for (let n = 0; n < N; ++n) panels[(Math.floor(n / kPanel) * K + k) * kPanel + (n % kPanel)] = b[k * N + n] ?? 0;
  return panels;
}

type PackedParams = MatmulParams & {
  /** Which function is called: each is judged by itself, so that one can be right without the other. */
  step: 'pack' | 'multiply';
};

export default defineGrader<PackedParams>({
  run(kernel, params, random) {
    const { M, K, N } = params;
    const values = random.floats(K * N);
    const want = packed(values, K, N);
    const panelShape = [Math.ceil(N / kPanel), K, kPanel];
    if (params.step === 'pack') {
      const b = kernel.input('B', values, [K, N]);
      const panels = kernel.output('panels', 'f32', panelShape);
      kernel.call('pack_b', b, panels, K, N);
      const hint = 'The indices are panel, row of B, column within the panel.';
      expectClose(panels, kernel.read(panels), want, 0, hint);
      return;
    }
    const a = kernel.input('A', random.floats(M * K), [M, K]);
    const panels = kernel.input('panels', want, panelShape);
    const c = kernel.output('C', 'f32', [M, N]);
    kernel.call('matmul_packed', a, panels, c, M, K, N);
    const { exact, tolerance } = roundingOf(kernel.read(a), values, params);
    expectClose(c, kernel.read(c), exact, tolerance);
  },
  timing(kernel, params, random) {
    const { M, K, N } = params;
    const a = kernel.input('A', random.floats(M * K), [M, K]);
    const b = kernel.input('B', random.floats(K * N), [K, N]);
    const panels = kernel.output('panels', 'f32', [Math.ceil(N / kPanel), K, kPanel]);
    const c = kernel.output('C', 'f32', [M, N]);
    return {
      // Packing is part of the time: it has to earn what it costs.
      call() {
        kernel.callUnchecked('pack_b', b, panels, K, N);
        kernel.callUnchecked('matmul_packed', a, panels, c, M, K, N);
      },
      outputs: () => [kernel.read(c)],
      compare: ([got], [expected]) => expectClose(c, got ?? new Float32Array(), expected ?? [], timedTolerance(params)),
    };
  },
});
