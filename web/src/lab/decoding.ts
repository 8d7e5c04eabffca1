/** What tasks that time decoding share. */
import type { Decoder } from './types.ts';

/** Token numbers without a meaning: a token's time doesn't depend on which it is. */
export const someTokens = (count: number, vocab: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => (i * 977 + 31) % vocab);

/** A sample is as long as this at least: a page's clock may move in steps of 0.1 ms. */
const kLeastSeconds = 0.004;

/** Seconds of `call`, which says how long it took: the mean of as many as fill the time. */
export function timed(call: () => number): number {
  let [sum, count] = [0, 0];
  while (sum < kLeastSeconds) {
    sum += call();
    ++count;
  }
  return sum / count;
}

/** Seconds of `token` at `position` of a decoder that has seen what is before it. */
export const timedAt = (decoder: Decoder, position: number, token: Int32Array): number =>
  timed(() => {
    decoder.truncate(position);
    return decoder.feed(token);
  });

/** Before the clock starts: V8 compiles kernels better once they have run for a while. */
const kWarmUpSeconds = 0.2;

export function warmUp(decoder: Decoder, ids: Int32Array): void {
  const until = performance.now() + 1000 * kWarmUpSeconds;
  while (performance.now() < until) {
    decoder.truncate(0);
    decoder.feed(ids.subarray(0, 16));
    decoder.truncate(0); // a model may have no position left
    decoder.feed(ids.subarray(0, 1));
  }
  decoder.truncate(0);
}
