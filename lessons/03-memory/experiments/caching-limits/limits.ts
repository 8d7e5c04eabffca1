import type { DecoderSettings } from '#lab/generation.ts';
import type { LmConfig } from '#lab/types.ts';
import type { BatchReport } from './batches.task.ts';
import type { LoadCase, LoadRow } from './loads.task.ts';
import type { ReadPoint } from './reading.task.ts';

/** When a cache of keys and values doesn't pay, or doesn't fit: what follows from what was measured. */

export interface LoadFigures {
  prefill: number;
  decode: number;
  cached: number;
  uncached: number;
  again: number;
  /** Of the time with the cache, what the prompt takes. */
  prefillShare: number;
  speedUp: number;
  /** The speed-up of the fastest repetition against the slowest: without the cache, and with it. */
  low: number;
  high: number;
}

/** Of the fastest repetitions; null before the first. */
export function loadFigures({ prefill, decode, again, uncached }: LoadRow): LoadFigures | null {
  const count = Math.min(prefill.length, decode.length, again.length, uncached.length);
  if (count === 0) return null;
  const cached = Array.from({ length: count }, (_, i) => prefill[i]! + decode[i]!);
  const least = {
    prefill: fastest(prefill),
    decode: fastest(decode),
    cached: fastest(cached),
    uncached: fastest(uncached),
  };
  return {
    ...least,
    again: fastest(again),
    prefillShare: least.prefill / (least.prefill + least.decode),
    speedUp: least.uncached / least.cached,
    low: least.uncached / Math.max(...cached),
    high: Math.max(...uncached) / least.cached,
  };
}

/** What else a device does only adds to a time. */
const fastest = (seconds: readonly number[]): number => Math.min(...seconds);

/** Less than this is not worth a word. */
export const kPays = 1.1;

/**
 * The fewest new tokens after a prompt of this length from which on the cache is at least `kPays` times as fast, in every case measured; null
 * if in none.
 */
export function paysFrom(rows: readonly LoadRow[], prompt: number): number | null {
  let from: number | null = null;
  for (const row of rows.filter((each) => each.prompt === prompt).toSorted((a, b) => b.count - a.count)) {
    const figures = loadFigures(row);
    if (figures === null || figures.speedUp < kPays) break;
    from = row.count;
  }
  return from;
}

export const kShortPrompts = [1, 4, 8];
export const kShortCounts = [1, 2, 4, 8, 16];
export const kShortCases: LoadCase[] = kShortPrompts.flatMap((prompt) =>
  kShortCounts.map((count) => ({ prompt, count })),
);
export const kLongPrompt = 240;
export const kPrefillCases: LoadCase[] = [1, 4, 8, 16].map((count) => ({ prompt: kLongPrompt, count }));

export const kReadPositions = [0, 64, 128, 256, 512, 1024, 1536, 2048, 3072, 4096];

export interface ReadFigures {
  position: number;
  bytes: number;
  seconds: number;
  /** Seconds more than the first point's, which is what reading the cache takes; bytes of it a second. Null where that is within the noise. */
  rate: number | null;
}

export function readFigures(points: readonly ReadPoint[]): ReadFigures[] {
  const known = points.filter(({ seconds }) => seconds.length > 0);
  const first = known[0];
  if (first === undefined) return [];
  const base = fastest(first.seconds);
  return known.map(({ position, bytes, seconds }) => {
    const more = fastest(seconds) - base;
    // Where the token takes less than a tenth longer, a small disturbance would change the rate by much.
    const rate = more > base / 10 ? (bytes - first.bytes) / more : null;
    return { position, bytes, seconds: fastest(seconds), rate };
  });
}

export const kBatches = [1, 2, 4, 8, 16];
export const kContexts = [16, 128, 512];

export interface BatchFigures {
  batch: number;
  seconds: number;
  /** Tokens a second: of all sequences, and of one. */
  rate: number;
  each: number;
  /** Against one sequence alone. */
  gain: number;
  /** Bytes that a step has to read. */
  cacheBytes: number;
  weightBytes: number;
}

export function batchFigures({ points, weightBytes, cacheBytes }: BatchReport): BatchFigures[] {
  const known = points.filter(({ seconds }) => seconds.length > 0);
  const alone = known.find(({ batch }) => batch === 1);
  if (alone === undefined) return [];
  const base = 1 / fastest(alone.seconds);
  return known.map(({ batch, seconds }) => {
    const step = fastest(seconds);
    return {
      batch,
      seconds: step,
      rate: batch / step,
      each: 1 / step,
      gain: batch / step / base,
      cacheBytes: batch * cacheBytes,
      weightBytes,
    };
  });
}

/** Only these formats' weights are read once for all sequences of a step; the others for each. */
export const kSharedWeights: readonly DecoderSettings['weights'][] = ['f32', 'int8-dot'];

// Memory.

/** A model as its config says it, as far as memory asks. */
export interface PublishedModel {
  name: string;
  config: LmConfig;
}

const shape = (
  name: string,
  [vocab, dim, layers, heads, kvHeads, hidden, positions]: [number, number, number, number, number, number, number],
  tied = false,
): PublishedModel => ({ name, config: { vocab, dim, layers, heads, kvHeads, hidden, positions, tied } });

/**
 * From the config.json of each model as its makers published it: vocab_size, hidden_size, num_hidden_layers, num_attention_heads,
 * num_key_value_heads, intermediate_size, max_position_embeddings, tie_word_embeddings.
 */
export const kPublished: readonly PublishedModel[] = [
  shape('SmolLM2-135M', [49152, 576, 30, 9, 3, 1536, 8192], true),
  shape('TinyLlama-1.1B', [32000, 2048, 22, 32, 4, 5632, 2048]),
  shape('Llama-2-7B', [32000, 4096, 32, 32, 32, 11008, 4096]),
  shape('Llama-3-8B', [128256, 4096, 32, 32, 8, 14336, 8192]),
  shape('Llama-2-70B', [32000, 8192, 80, 64, 8, 28672, 4096]),
];

/** Embedding, layers, norms, and an output matrix where it isn't the embedding. */
export function parametersOf({ vocab, dim, layers, heads, kvHeads, hidden, tied }: LmConfig): number {
  const attention = 2 * dim * dim + (2 * dim * kvHeads * dim) / heads;
  return (tied ? 1 : 2) * vocab * dim + layers * (attention + 3 * dim * hidden + 2 * dim) + dim;
}

export type CacheStorage = DecoderSettings['storage'];

/** Bytes that a token adds to the cache: keys and values of all layers; int8 has a scale for each vector. */
export function bytesPerToken({ layers, heads, kvHeads, dim }: LmConfig, storage: CacheStorage): number {
  const vectors = 2 * layers * kvHeads;
  const size = dim / heads;
  return vectors * (storage === 'int8' ? size + 4 : size * (storage === 'fp16' ? 2 : 4));
}

export const kWeightBits = { f32: 32, fp16: 16, int8: 8, int4: 4 } as const;
export type WeightBits = keyof typeof kWeightBits;

/** Without the few bytes of scales. */
export const weightBytesOf = (config: LmConfig, weights: WeightBits): number =>
  (parametersOf(config) * kWeightBits[weights]) / 8;

export interface Fit {
  name: string;
  tokens: number;
  weightBytes: number;
  perToken: number;
  perSequence: number;
  /** That fit beside the weights; negative: not even the weights do. */
  sequences: number;
}

/** How many sequences of a model's full length a memory holds beside the weights. */
export function fitIn(
  memory: number,
  { name, config }: PublishedModel,
  storage: CacheStorage,
  weights: WeightBits,
  tokens = config.positions,
): Fit {
  const weightBytes = weightBytesOf(config, weights);
  const perToken = bytesPerToken(config, storage);
  const perSequence = perToken * tokens;
  const sequences = weightBytes > memory ? -1 : Math.floor((memory - weightBytes) / perSequence);
  return { name, tokens, weightBytes, perToken, perSequence, sequences };
}

const kMiB = 2 ** 20;
const kGiB = 2 ** 30;

/** What a build of ours may use, what 32-bit addresses reach, and devices. */
export const kMemories: readonly { name: string; bytes: number; text: string }[] = [
  { name: 'threads', bytes: 256 * kMiB, text: '256 MiB: this site’s modules with threads' },
  { name: 'module', bytes: kGiB, text: '1 GiB: this site’s modules without' },
  { name: 'wasm32', bytes: 4 * kGiB, text: '4 GiB: all that 32-bit WebAssembly can address' },
  { name: 'laptop', bytes: 16 * kGiB, text: '16 GiB: a laptop' },
  { name: 'gpu', bytes: 24 * kGiB, text: '24 GiB: a large graphics card' },
  { name: 'server', bytes: 80 * kGiB, text: '80 GiB: a server’s accelerator' },
];

/** The question that can be answered with pencil and paper. */
export const kQuestion = { model: kPublished[2]!, memory: 24 * kGiB, storage: 'fp16', weights: 'fp16' } as const;

/** One line of CSV each, the keys of the first row as names. */
export function rowsCsv(rows: readonly Record<string, number | string | null>[]): string {
  const names = Object.keys(rows[0] ?? {});
  return [names.join(','), ...rows.map((row) => names.map((name) => row[name] ?? '').join(',')), ''].join('\n');
}
