/** Rungs of the ladder race over one product. */
import { activity, laneAtWork, lanesOf, type RaceOptions, type RaceReport } from '#lab/race.ts';
import { defineTask, type Bare } from '#lab/task.ts';

export default defineTask({
  module: 'optlab',
  open(optlab, options: RaceOptions, { keep }) {
    const { m, k, n, variants, seconds } = options;
    const race = keep(new optlab.GemmRace(m, k, n, variants, seconds));
    let lastSeconds = 0;
    let shown = '';
    const report = (done: boolean): Bare<RaceReport> => {
      const lanes = lanesOf(race);
      return {
        options,
        lanes,
        // Hashing a large result takes longer than drawing it: only at the end.
        digests: lanes.map((lane, index) => (done && lane.statistics !== null ? race.digest(index) : null)),
        blocking: optlab.gemmBlocking(),
        memory: { scratch: race.scratchHighWater(), packed: Math.max(...lanes.map((_, i) => race.packedBytes(i))) },
        atWork: done ? null : laneAtWork(lanes, lastSeconds),
        ...(done && { samples: variants.map((_, lane) => Array.from(race.samples(lane))) }),
      };
    };
    return {
      step: () => {
        const start = performance.now();
        const more = race.step();
        lastSeconds = (performance.now() - start) / 1000;
        return more;
      },
      progress: () => race.progress(),
      report: (done) => {
        const now = report(done);
        shown = activity(now);
        return now;
      },
      // Before a call that may be slow the page has to know whose it is.
      urgent: () => activity(report(false)) !== shown,
    };
  },
});
