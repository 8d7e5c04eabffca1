/** Generations of some lengths with the cache, from a prompt that it still holds, and without. */
import type { Asset } from '#lab/assets.ts';
import { someTokens, timed, warmUp } from '#lab/decoding.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';
import type { Decoder, Footprint } from '#lab/types.ts';

export interface LoadCase {
  /** Tokens. */
  prompt: number;
  /** New tokens. */
  count: number;
}

export interface LoadOptions {
  model: Asset;
  decoder: DecoderSettings;
  cases: LoadCase[];
  repetitions: number;
  threads: number;
}

/** Seconds, each repetition. */
export interface LoadRow extends LoadCase {
  /** Of the prompt, which gives the first new token. */
  prefill: number[];
  /** Of the other new tokens, with the cache. */
  decode: number[];
  /** The same prompt once more, while the cache still holds it: its last token alone is computed. */
  again: number[];
  /** Of all new tokens without the cache: each computes all tokens before it, too. */
  uncached: number[];
  /** What the cache holds at the end. */
  bytesInUse: number;
}

export interface LoadReport extends Envelope {
  options: Omit<LoadOptions, 'model'>;
  rows: LoadRow[];
  /** What the cache takes from the beginning. */
  footprint: Footprint;
  positions: number;
}

export default defineTask({
  module: 'lm',
  async open(lm, { model: asset, ...options }: LoadOptions, { keep, open }) {
    const model = await open(asset, lm.Lm);
    const decoder = keep(new lm.Decoder(model, options.decoder));
    const { vocab, positions } = model.config();
    const none = () => ({ prefill: [], decode: [], again: [], uncached: [], bytesInUse: 0 });
    const rows = options.cases.map((each): LoadRow => ({ ...each, ...none() }));
    const ids = someTokens(Math.max(...rows.map(({ prompt, count }) => prompt + count)), vocab);
    const order = Array.from({ length: options.repetitions }, () => rows).flat();
    const all = order.length;
    warmUp(decoder, ids);
    return {
      step: () => {
        const row = order.shift();
        if (row !== undefined) measure(row, decoder, ids);
        return order.length > 0;
      },
      progress: () => 1 - order.length / all,
      report: (): Bare<LoadReport> => ({ options, rows, footprint: decoder.footprint(), positions }),
    };
  },
});

function measure(row: LoadRow, decoder: Decoder, ids: Int32Array): void {
  const { prompt, count } = row;
  const anew = (end: number) => {
    decoder.truncate(0);
    return decoder.feed(ids.subarray(0, end));
  };
  // Each new token but the last is fed to give the next one.
  const rest = () => {
    decoder.truncate(prompt);
    let seconds = 0;
    for (let at = prompt; at < prompt + count - 1; ++at) seconds += decoder.feed(ids.subarray(at, at + 1));
    return seconds;
  };
  const again = () => {
    const asked = ids.subarray(0, prompt);
    return decoder.feed(asked.subarray(decoder.reuse(asked)));
  };
  row.prefill.push(timed(() => anew(prompt)));
  row.decode.push(count > 1 ? timed(rest) : 0);
  row.bytesInUse = decoder.bytesInUse();
  row.again.push(timed(again));
  row.uncached.push(
    timed(() => {
      let seconds = 0;
      for (let end = prompt; end < prompt + count; ++end) seconds += anew(end);
      return seconds;
    }),
  );
}
