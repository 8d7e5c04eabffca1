/** Sequences of one length, generated together: each step gives each of them a token. */
import type { Asset } from '#lab/assets.ts';
import { someTokens, timed, warmUp } from '#lab/decoding.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';
import type { Decoder } from '#lab/types.ts';

export interface BatchOptions {
  model: Asset;
  decoder: DecoderSettings;
  /** Ascending. */
  batches: number[];
  /** Tokens that each sequence has seen before. */
  context: number;
  repetitions: number;
  threads: number;
}

export interface BatchPoint {
  batch: number;
  /** Of a step, which gives each sequence a token: means of several, each repetition. */
  seconds: number[];
}

export interface BatchReport extends Envelope {
  options: Omit<BatchOptions, 'model'>;
  points: BatchPoint[];
  weightBytes: number;
  /** Keys and values that a step reads for one sequence, and what its cache takes. */
  cacheBytes: number;
  footprint: number;
}

const kStepsTogether = 16;

export default defineTask({
  module: 'lm',
  async open(lm, { model: asset, ...options }: BatchOptions, { keep, open }) {
    const { batches, context, repetitions } = options;
    const most = Math.max(...batches);
    const model = keep(lm.Lm.withPositions(await open(asset, lm.Lm), context + kStepsTogether));
    const decoder = keep(new lm.Decoder(model, { ...options.decoder, sequences: most }));
    const ids = someTokens(context + most, model.config().vocab);
    const points = batches.map((batch): BatchPoint => ({ batch, seconds: [] }));
    const order = Array.from({ length: repetitions }, () => points).flat();
    const all = order.length + most;
    let [filled, cacheBytes] = [0, 0];
    warmUp(decoder, ids);
    return {
      step: () => {
        if (filled < most) {
          decoder.feedSequence(filled, ids.subarray(filled, filled + context));
          if (++filled === most) cacheBytes = decoder.bytesInUse();
          return true;
        }
        const point = order.shift();
        if (point !== undefined) measure(point, decoder, ids, context);
        return order.length > 0;
      },
      progress: () => 1 - (order.length + most - filled) / all,
      report: (): Bare<BatchReport> => ({
        options,
        points,
        weightBytes: decoder.weightBytes(),
        cacheBytes,
        footprint: decoder.footprint().total,
      }),
    };
  },
});

function measure({ batch, seconds }: BatchPoint, decoder: Decoder, ids: Int32Array, context: number): void {
  const next = ids.subarray(0, batch);
  const some = () => {
    decoder.truncate(context);
    let sum = 0;
    for (let i = 0; i < kStepsTogether; ++i) sum += decoder.step(next);
    return sum;
  };
  seconds.push(timed(some) / kStepsTogether);
}
