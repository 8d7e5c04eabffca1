import { defineGrader, expectClose, Mismatch } from '#lab/grading/author.ts';
import { matmulOperands, roundingOf, timedTolerance, type MatmulParams } from '../../matmul.ts';

const kName = 'matmul_part';

/** `alone`: each worker is called by itself, to see what it writes. */
type Params = MatmulParams & { workers: number; alone?: boolean };

export default defineGrader<Params>({
  run(kernel, params, random) {
    const { M, K, N, workers } = params;
    const { a, b, c } = matmulOperands(kernel, params, random);
    if (params.alone) {
      const writers = new Array<number>(M * N).fill(-1);
      let before = kernel.read(c);
      for (let worker = 0; worker < workers; ++worker) {
        kernel.call(kName, a, b, c, M, K, N, worker, workers);
        const after = kernel.read(c);
        for (const [i, value] of after.entries()) {
          if (Object.is(value, before[i])) continue;
          const other = writers[i] ?? -1;
          if (other >= 0) throw new Mismatch(twice(i, N, other, worker));
          writers[i] = worker;
        }
        // What the next workers would write is the same number: only poison shows whether they do.
        kernel.poison(c);
        before = kernel.read(c);
      }
      const missing = writers.indexOf(-1);
      if (missing >= 0)
        throw new Mismatch(`C[${Math.floor(missing / N)}][${missing % N}] is written by none of ${workers} workers.`);
      return;
    }
    kernel.callTeam(kName, workers, a, b, c, M, K, N);
    const { exact, tolerance } = roundingOf(kernel.read(a), kernel.read(b), params);
    expectClose(c, kernel.read(c), exact, tolerance);
  },

  timing(kernel, params, random) {
    const { M, K, N } = params;
    const { a, b, c } = matmulOperands(kernel, params, random);
    return {
      call: () => kernel.callTeamUnchecked(kName, kernel.threads, a, b, c, M, K, N),
      outputs: () => [kernel.read(c)],
      compare: ([got], [expected]) => expectClose(c, got ?? new Float32Array(), expected ?? [], timedTolerance(params)),
    };
  },
});

function twice(index: number, N: number, first: number, second: number): string {
  return `C[${Math.floor(index / N)}][${index % N}] is written by worker ${first} and by worker ${second}: at the same time that is a race.`;
}
