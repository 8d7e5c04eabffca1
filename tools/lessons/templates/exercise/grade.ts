import { defineGrader, expectClose, kEpsilon } from '#lab/grading/author.ts';

const kFactor = 1.5;

export default defineGrader<{ n: number }>({
  run(kernel, { n }, random) {
    const x = kernel.input('x', random.floats(n));
    const y = kernel.output('y', 'f32', [n]);
    kernel.call('scale', x, y, n, kFactor);
    const exact = Float64Array.from(kernel.read(x), (value) => kFactor * value);
    // Rounded once.
    expectClose(y, kernel.read(y), exact, (i) => kEpsilon * Math.abs(exact[i] ?? 0));
  },
});
