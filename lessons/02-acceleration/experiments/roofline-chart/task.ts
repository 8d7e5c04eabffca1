/** The limits of this device: what it can compute and move, with one thread and with all. */
import { lanesOf } from '#lab/race.ts';
import type { ProbeReport } from '#lab/roofline.ts';
import { defineTask, type Bare } from '#lab/task.ts';

export default defineTask({
  module: 'optlab',
  open(optlab, { seconds }: { seconds: number }, { keep }) {
    const probe = keep(new optlab.RooflineProbe(seconds));
    return {
      step: () => probe.step(),
      progress: () => probe.progress(),
      report: (): Bare<ProbeReport> => ({
        peaks: probe.peaks().filter(({ value }) => Number.isFinite(value) && value > 0),
        lanes: lanesOf(probe),
      }),
    };
  },
});
