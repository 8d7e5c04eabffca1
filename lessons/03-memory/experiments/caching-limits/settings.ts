import { kStorages } from '../cache-views.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import { kContexts, kMemories, kWeightBits, type WeightBits } from './limits.ts';
import { oneOf, threads, type ValuesOf } from '#kit/fields.ts';
import { modelField } from '../token-race/settings.ts';

export const kParts = {
  short: 'short texts',
  prefill: 'long prompts',
  memory: 'memory',
  batch: 'batches',
} as const;
export type Part = keyof typeof kParts;

export const kWeightNames: readonly DecoderSettings['weights'][] = ['f32', 'fp16', 'int8', 'int4', 'int8-dot'];
export const kLongest = [512, 2048, 4096];
const kPublishedWeights = Object.keys(kWeightBits) as WeightBits[];

export const kFields = {
  part: oneOf('What to measure', Object.keys(kParts) as Part[]),
  model: modelField,
  storage: oneOf('Keys and values', kStorages),
  weights: oneOf('Weights', kWeightNames),
  mode: oneOf('Arithmetic', ['exact', 'fast']),
  threads: threads(),
  // Of the table of memory: what there is, and how models' weights are kept there.
  memory: oneOf(
    'Memory',
    kMemories.map(({ name }) => name),
    'wasm32',
    (name) => kMemories.find((memory) => memory.name === name)!.text,
  ),
  published: oneOf('Weights in', kPublishedWeights, 'fp16'),
  // Of batches: tokens that each sequence has seen.
  context: oneOf('Tokens before', kContexts, 128),
  // Of a growing cache: its last position.
  to: oneOf('Cache up to position', kLongest, 4096),
};
export type Settings = ValuesOf<typeof kFields>;
