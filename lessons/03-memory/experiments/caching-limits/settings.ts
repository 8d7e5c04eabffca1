import { kStorages, numberOf } from '../cache-views.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import { kContexts, kMemories, kWeightBits, type WeightBits } from './limits.ts';
import { kModels } from '../token-race/settings.ts';

export const kParts = {
  short: 'short texts',
  prefill: 'long prompts',
  memory: 'memory',
  batch: 'batches',
} as const;
export type Part = keyof typeof kParts;

export interface Settings {
  part: Part;
  model: keyof typeof kModels;
  storage: DecoderSettings['storage'];
  weights: DecoderSettings['weights'];
  mode: 'exact' | 'fast';
  threads: number;
  /** Of the table of memory: what there is, and how models' weights are kept there. */
  memory: string;
  published: WeightBits;
  /** Of batches: tokens that each sequence has seen. */
  context: number;
  /** Of a growing cache: its last position. */
  to: number;
}

export const kDefaults: Settings = {
  part: 'short',
  model: 'moby',
  storage: 'f32',
  weights: 'f32',
  mode: 'exact',
  threads: 1,
  memory: 'wasm32',
  published: 'fp16',
  context: 128,
  to: 4096,
};

export const kWeightNames: readonly DecoderSettings['weights'][] = ['f32', 'fp16', 'int8', 'int4', 'int8-dot'];
export const kLongest = [512, 2048, 4096];
const kPublishedWeights = Object.keys(kWeightBits) as WeightBits[];

/** Settings from texts by name; what is missing or not allowed is the page's own. */
export function settingsOf(text: (name: keyof Settings) => string | null | undefined, maxThreads: number): Settings {
  const of = (name: keyof Settings) => text(name) ?? `${kDefaults[name]}`;
  const one = <T extends string>(name: keyof Settings, all: readonly T[]): T =>
    all.find((each) => each === of(name)) ?? (kDefaults[name] as T);
  const counts = Array.from({ length: maxThreads }, (_, i) => i + 1);
  return {
    part: one('part', Object.keys(kParts) as Part[]),
    model: of('model') === 'tiny' ? 'tiny' : 'moby',
    storage: one('storage', kStorages),
    weights: one('weights', kWeightNames),
    mode: of('mode') === 'fast' ? 'fast' : 'exact',
    threads: numberOf(of('threads'), counts, 1),
    memory: one(
      'memory',
      kMemories.map(({ name }) => name),
    ),
    published: one('published', kPublishedWeights),
    context: numberOf(of('context'), kContexts, kDefaults.context),
    to: numberOf(of('to'), kLongest, kDefaults.to),
  };
}
