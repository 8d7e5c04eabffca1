/** A token at growing positions of one sequence: the more the cache holds, the more of it a token reads. */
import type { Asset } from '#lab/assets.ts';
import { someTokens, timedAt, warmUp } from '#lab/decoding.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';
import type { Decoder } from '#lab/types.ts';

export interface ReadOptions {
  model: Asset;
  decoder: DecoderSettings;
  /** Ascending, the first one 0. */
  positions: number[];
  repetitions: number;
  threads: number;
}

export interface ReadPoint {
  position: number;
  /** Of keys and values that the token at this position reads. */
  bytes: number;
  /** Of that token: means of several, each repetition. */
  seconds: number[];
}

export interface ReadReport extends Envelope {
  options: Omit<ReadOptions, 'model'>;
  points: ReadPoint[];
  weightBytes: number;
}

/** Between two of a stop button's chances. */
const kFedAtOnce = 256;

export default defineTask({
  module: 'lm',
  async open(lm, { model: asset, ...options }: ReadOptions, { keep, open }) {
    const longest = Math.max(...options.positions);
    const model = keep(lm.Lm.withPositions(await open(asset, lm.Lm), longest + 1));
    const decoder = keep(new lm.Decoder(model, options.decoder));
    const ids = someTokens(longest + 1, model.config().vocab);
    const points = options.positions.map((position): ReadPoint => ({ position, bytes: 0, seconds: [] }));
    let [fed, visits] = [0, 0];
    warmUp(decoder, ids);
    // Up to the longest and back again: two moments of a machine that others may use.
    const up = [...points];
    const down = points.toReversed();
    return {
      step: () => {
        const next = up[0];
        if (next !== undefined && decoder.length() < next.position) {
          decoder.feed(ids.subarray(fed, Math.min(next.position, fed + kFedAtOnce)));
          fed = decoder.length();
          return true;
        }
        const point = up.shift() ?? down.shift();
        if (point !== undefined) measure(point, decoder, ids, options.repetitions);
        ++visits;
        return down.length > 0;
      },
      progress: () => (0.8 * fed) / longest + (0.2 * visits) / (2 * points.length),
      report: (): Bare<ReadReport> => ({ options, points, weightBytes: decoder.weightBytes() }),
    };
  },
});

function measure(point: ReadPoint, decoder: Decoder, ids: Int32Array, repetitions: number): void {
  const { position, seconds } = point;
  const token = ids.subarray(position, position + 1);
  for (let i = 0; i < repetitions; ++i) seconds.push(timedAt(decoder, position, token));
  point.bytes = decoder.bytesInUse();
  decoder.truncate(position);
}
