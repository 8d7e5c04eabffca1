import { kStorages } from '../cache-views.ts';
import { kEarly, kLengths } from './costs.ts';
import { thousands } from '#lab/text.ts';
import { oneOf, threads, type ValuesOf } from '#kit/fields.ts';
import type { Question } from '#kit/question.ts';
import { modelField } from '../token-race/settings.ts';

export const kFields = {
  model: modelField,
  to: oneOf('Up to position', kLengths, 2048, thousands),
  storage: oneOf('Keys and values', kStorages),
  mode: oneOf('Arithmetic', ['exact', 'fast']),
  axes: oneOf('Axes', ['linear', 'log'], 'log'),
  threads: threads(),
};
export type Settings = ValuesOf<typeof kFields>;

/** The large model takes a minute for 4,096 positions. */
export const lengthsOf = (model: Settings['model']): number[] =>
  kLengths.filter((length) => model === 'tiny' || length <= 2048);

/** How much dearer the last token is than an early one, with the cache. */
export const questionOf = (to: number): Question<number> => ({
  before: `with the cache, the token at ${thousands(to)} costs`,
  after: `the one at ${kEarly}`,
  values: [1, 1.5, 3, 8, 32],
  text: (factor) => (factor === 1 ? 'as much as' : `${factor} times as much as`),
});
