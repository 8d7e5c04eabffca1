import { files } from 'virtual:optlab-manifest';
import { flag, oneOf, range, text, threads, type Field, type ValuesOf } from '#kit/fields.ts';
import type { Question } from '#kit/question.ts';
import { megabytes } from '#lab/offline/manifest.ts';

const titled = (parameters: string, asset: 'lm' | 'lmTiny') => {
  return { title: `Moby-Dick, ${parameters} parameters (${megabytes(files[asset].bytes)})`, asset };
};

export const kModels = {
  moby: titled('2.5 M', 'lm'),
  tiny: titled('0.5 M', 'lmTiny'),
} as const;
export type ModelName = keyof typeof kModels | 'own';

export const kCounts = [16, 64, 128, 200, 240];
export const kWeights = ['f32', 'fp16', 'int8', 'int8-dot', 'int4'] as const;

/** The site's own models. */
export const modelField = oneOf('Model', ['moby', 'tiny'], 'moby', (name) => kModels[name].title);

export const kFields = {
  // A file of the reader's can't be in an address.
  model: modelField as Field<ModelName>,
  prompt: text('Prompt', 300, 'Call me'),
  count: oneOf('New tokens', kCounts, 200),
  weights: oneOf('Weights', kWeights),
  fast: flag('Arithmetic', ['exact', 'fast']),
  temperature: range('Temperature', [0, 5], 0.8, { step: 0.1 }),
  topK: range('Top-k', [0, 1000], 0, { whole: true }),
  topP: range('Top-p', [0.01, 1], 0.95, { step: 0.01 }),
  repetitionPenalty: range('Repetition penalty', [1, 5], 1, { step: 0.05 }),
  seed: range('Seed', [0, 1e9], 1, { whole: true }),
  threads: threads({ capped: true }),
};
export type Settings = ValuesOf<typeof kFields>;

export const kQuestion: Question<number> = {
  before: 'with the cache, all tokens together come',
  values: [1, 2, 5, 20, 100],
  text: (factor) => (factor === 1 ? 'about as fast' : `${factor} times as fast`),
};
