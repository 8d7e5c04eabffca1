/** Block sizes race with all threads. The page decides what is used afterwards (`engine.blocking`). */
import type { TuneReport } from '#lab/blocking.ts';
import { lanesOf } from '#lab/race.ts';
import { defineTask, type Bare } from '#lab/task.ts';

export default defineTask({
  module: 'optlab',
  open(optlab, { seconds, threads }: { seconds: number; threads: number }, { keep }) {
    const tuner = keep(new optlab.BlockingTuner(seconds));
    let best: TuneReport['best'] = null;
    return {
      step: () => tuner.step(),
      progress: () => tuner.progress(),
      report: (): Bare<TuneReport> => ({ lanes: lanesOf(tuner), best, threads }),
      finish: () => {
        best = tuner.best();
      },
    };
  },
});
