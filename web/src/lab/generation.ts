import type { GuestSlot } from './guest-slots.ts';
import { upperMedian } from './statistics.ts';
import type { LmModule } from './types.ts';

/** How a language model is run, and how fast it was. */

/** How a decoder keeps weights, keys and values. */
export type DecoderSettings = ConstructorParameters<LmModule['Decoder']>[1];

/** The slots of a decoder with `guest`, of which `attend` must be filled; the library does what is missing of the others. */
export const kDecoderSlots = ['attend', 'kv_append', 'slot_of'] as const satisfies readonly GuestSlot[];
export type DecoderSlot = (typeof kDecoderSlots)[number];

export const kExactDecoder: DecoderSettings = { window: 0, sinks: 0, storage: 'f32', weights: 'f32', mode: 'exact' };

/** How the next token is chosen (lm::Sampling); a temperature of 0 takes the likeliest. */
export type Sampling = Pick<
  ConstructorParameters<LmModule['Generation']>[2],
  'temperature' | 'topK' | 'topP' | 'repetitionPenalty' | 'seed'
>;

export const kGreedy: Sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 };

/** Seconds per new token; the first includes the prompt. */
interface Timed {
  seconds: readonly number[];
}

/** Tokens a second after the first one, whose time is the prompt's; null before there is another. */
export function decodeRate({ seconds }: Timed): number | null {
  const after = seconds.slice(1);
  const spent = after.reduce((sum, each) => sum + each, 0);
  return spent > 0 ? after.length / spent : null;
}

/** Seconds of all tokens, the prompt included. */
export function totalSeconds({ seconds }: Timed): number {
  return seconds.reduce((sum, each) => sum + each, 0);
}

/** Token t has cost this much at its position: the median of the costs around it, which single disturbances don't move. */
export function smoothed(seconds: readonly number[], radius = 3): number[] {
  return seconds.map((_, at) => {
    const near = seconds.slice(Math.max(1, at - radius), at + radius + 1);
    return near.length === 0 ? seconds[at]! : upperMedian(near);
  });
}

/** Tokens a second from the median of single tokens' times, the first one left out; null before there is another. */
export function medianRate(seconds: readonly number[]): number | null {
  const middle = seconds.length > 1 ? upperMedian(seconds.slice(1)) : 0;
  return middle <= 0 ? null : 1 / middle;
}
