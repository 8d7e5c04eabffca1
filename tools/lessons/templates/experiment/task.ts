/** How long the product of two square matrices takes, by their size. */
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';

export interface SizeOptions {
  /** Rows and columns. */
  sizes: number[];
}

export interface SizePoint {
  size: number;
  /** Seconds per call, batch by batch. */
  seconds: number[];
}

export interface SizeReport extends Envelope {
  points: SizePoint[];
}

const kVariant = 'packed';
const kSecondsEach = 0.5;

export default defineTask({
  module: 'optlab',
  open(optlab, { sizes }: SizeOptions, { keep }) {
    const races = sizes.map((size) => keep(new optlab.GemmRace(size, size, size, [kVariant], kSecondsEach)));
    return {
      // A batch of each in turn: what disturbs this machine meets all sizes alike.
      step: () => races.filter((race) => race.step()).length > 0,
      progress: () => races.reduce((sum, race) => sum + race.progress(), 0) / races.length,
      report: (): Bare<SizeReport> => ({
        points: sizes.map((size, i) => ({ size, seconds: Array.from(races[i]!.samples(0)) })),
      }),
    };
  },
});
