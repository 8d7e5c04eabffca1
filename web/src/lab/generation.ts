import type { Footprint, LmModule } from './types.ts';

/** Text that a language model writes: what the page asks for and what the worker reports. Everything is plain data. */

/** How a decoder keeps weights, keys and values. */
export type DecoderSettings = ConstructorParameters<LmModule['Decoder']>[1];

export const kExactDecoder: DecoderSettings = { window: 0, sinks: 0, storage: 'f32', weights: 'f32', mode: 'exact' };

/** How the next token is chosen; a temperature of 0 takes the likeliest. */
export interface Sampling {
  temperature: number;
  topK: number;
  topP: number;
  repetitionPenalty: number;
  seed: number;
}

export const kGreedy: Sampling = { temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, seed: 1 };

/** One of those that write the same text in different ways. */
export interface LaneOptions {
  name: string;
  /** Without: all tokens anew for each. */
  cached: boolean;
  decoder: DecoderSettings;
}

export interface GenerateOptions {
  /** Safetensors of ours or a checkpoint of llama2.c. */
  model: Uint8Array;
  /** Null: the prompt is token numbers. */
  tokenizer: Uint8Array | null;
  prompt: string | number[];
  /** New tokens, at most. */
  count: number;
  sampling: Sampling;
  stopTexts: string[];
  threads: number;
  lanes: LaneOptions[];
  /** Report about so many tokens of each lane, the latest, and count the rest; all without. For texts that may not end. */
  latest?: number;
}

export interface GenerationLane {
  name: string;
  text: string;
  /** Tokens before those listed here. */
  dropped: number;
  ids: number[];
  /** Of each new token; the first one's has the prompt's. */
  seconds: number[];
  /** Of keys and values that are kept for the next token; zeros without the cache, which computes them anew. */
  bytes: number[];
  footprint: Footprint;
  weightBytes: number;
  /** Why it ended; null while it goes on. */
  stop: string | null;
}

export interface GenerateReport {
  /** Tokens. */
  prompt: number;
  positions: number;
  parameters: number;
  lanes: GenerationLane[];
  progress: number;
  done: boolean;
  stopped: boolean;
}

/** Tokens a second after the first one, whose time is the prompt's; null before there is another. */
export function decodeRate({ seconds }: Pick<GenerationLane, 'seconds'>): number | null {
  const after = seconds.slice(1);
  const spent = after.reduce((sum, each) => sum + each, 0);
  return spent > 0 ? after.length / spent : null;
}

/** Of all tokens, the prompt's time included. */
export function totalSeconds({ seconds }: Pick<GenerationLane, 'seconds'>): number {
  return seconds.reduce((sum, each) => sum + each, 0);
}

/** Token t has cost this much at its position: the median of the costs around it, which single disturbances don't move. */
export function smoothed(seconds: readonly number[], radius = 3): number[] {
  return seconds.map((_, at) => {
    const near = seconds.slice(Math.max(1, at - radius), at + radius + 1).toSorted((a, b) => a - b);
    return near[near.length >> 1] ?? seconds[at]!;
  });
}
