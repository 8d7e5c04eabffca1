/** What a token costs at some positions, with the cache and without, repetition by repetition. */
import type { Asset } from '#lab/assets.ts';
import { someTokens, timedAt, warmUp } from '#lab/decoding.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';
import type { Decoder, LmConfig } from '#lab/types.ts';

export interface GrowthOptions {
  model: Asset;
  decoder: DecoderSettings;
  /** Ascending; the last is the longest sequence. */
  positions: number[];
  repetitions: number;
  threads: number;
}

export interface GrowthPoint {
  /** Tokens before the one that is computed. */
  position: number;
  /** Seconds of that token, each repetition; with the cache the mean of several tokens at this same position. */
  cached: number[];
  uncached: number[];
}

export interface GrowthReport extends Envelope {
  options: Omit<GrowthOptions, 'model'>;
  points: GrowthPoint[];
  /** For operation counts. */
  config: LmConfig;
  bytesPerToken: number;
}

export default defineTask({
  module: 'lm',
  async open(lm, { model: asset, ...options }: GrowthOptions, { keep, open }) {
    const { positions, repetitions } = options;
    const longest = Math.max(...positions);
    const model = keep(lm.Lm.withPositions(await open(asset, lm.Lm), longest + 1));
    const decoder = keep(new lm.Decoder(model, options.decoder));
    const config = model.config();
    const ids = someTokens(longest + 1, config.vocab);
    const points: GrowthPoint[] = positions.map((position) => ({ position, cached: [], uncached: [] }));
    // Each repetition climbs once through all positions: drifts of the clock rate meet them alike.
    const order = Array.from({ length: repetitions }, () => points).flat();
    // About as long as a position takes.
    const work = () => order.reduce((sum, { position }) => sum + position + 64, 0);
    const all = work();
    warmUp(decoder, ids);
    return {
      step: () => {
        const point = order.shift();
        if (point !== undefined) measureAt(point, decoder, ids);
        return order.length > 0;
      },
      progress: () => 1 - work() / all,
      report: (): Bare<GrowthReport> => ({
        options,
        points,
        config,
        bytesPerToken: decoder.footprint().total / (longest + 1),
      }),
    };
  },
});

/** Timed tokens at a position, in each repetition. */
const kSamples = 2;

function measureAt({ position, cached, uncached }: GrowthPoint, decoder: Decoder, ids: Int32Array): void {
  const all = ids.subarray(0, position + 1);
  uncached.push(timedAt(decoder, 0, all));
  for (let sample = 0; sample < kSamples; ++sample) cached.push(timedAt(decoder, position, all.subarray(position)));
}
