/** The same product, timed call by call with the browser's clock, and then in batches as the library does it. */
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';

export interface TimingOptions {
  /** Rows and columns of the square product. */
  size: number;
  variant: string;
  /** Single calls. */
  count: number;
  threads: 1;
}

export interface TimingReport extends Envelope {
  options: TimingOptions;
  /** The smallest step of the clock, in seconds. */
  tick: number;
  /** Seconds of each single call, in order. */
  calls: number[];
  /** Seconds per call of each batch. */
  batches: number[];
}

/** Single calls between two looks at the stop button. */
const kCallsPerStep = 10;
const kBatchSeconds = 1.2;

export default defineTask({
  module: 'optlab',
  open(optlab, options: TimingOptions, { keep }) {
    const { size, variant, count } = options;
    const matrix = () => keep(new optlab.Tensor(size, size));
    const [a, b, c] = [matrix(), matrix(), matrix()];
    const race = keep(new optlab.GemmRace(size, size, size, [variant], kBatchSeconds));
    const calls: number[] = [];
    for (const tensor of [a, b]) tensor.view().forEach((_, i, values) => (values[i] = Math.sin(i)));
    return {
      step: () => {
        if (calls.length >= count) return race.step();
        for (let i = 0; i < kCallsPerStep && calls.length < count; ++i) {
          const start = performance.now();
          optlab.gemmMultiply(a, b, c, variant);
          calls.push((performance.now() - start) / 1000);
        }
        return true;
      },
      progress: () => (0.5 * calls.length) / count + 0.5 * race.progress(),
      report: (): Bare<TimingReport> => ({
        options,
        tick: optlab.clockTick(),
        calls,
        batches: Array.from(race.samples(0)),
      }),
    };
  },
});
