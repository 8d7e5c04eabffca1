import type { DecoderSettings } from './generation.ts';

/** A decoder with a student's kernels beside the library's. Everything is plain data. */

export interface OwnDecoderOptions {
  /** Safetensors of ours. */
  model: Uint8Array;
  /** Of ours. Null: the prompt is token numbers, and there is no text. */
  tokenizer: Uint8Array | null;
  prompt: string | number[];
  /** New tokens. */
  count: number;
  /** Of both; float32 keys and values. */
  decoder: DecoderSettings;
  threads: number;
}

export interface OwnDecoderReport {
  /** Tokens. */
  prompt: number;
  /** What the student's decoder writes, always the likeliest token. */
  text: string;
  ids: number[];
  /** Of each new token; the first one's has the prompt's. The library's decoder sees the same tokens. */
  ownSeconds: number[];
  librarySeconds: number[];
  /** The library's likeliest token at each of these positions. */
  libraryIds: number[];
  /** Between the two decoders' logits so far. NaN if any of the student's is none. */
  largestDifference: number;
  /** The largest magnitude of the library's logits, to compare that with. */
  largestLogit: number;
  progress: number;
  done: boolean;
  stopped: boolean;
}

/** Tokens a second from the median of single tokens' times, the first one left out; null before there is another. */
export function medianRate(seconds: readonly number[]): number | null {
  const sorted = seconds.slice(1).toSorted((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  return middle === undefined || middle <= 0 ? null : 1 / middle;
}
