import { oneOf, type ValuesOf } from '#kit/fields.ts';
import type { Question } from '#kit/question.ts';

export const kFields = {
  to: oneOf('Up to size', [128, 256, 512], 256),
};
export type Settings = ValuesOf<typeof kFields>;

/** Each size is twice the one before. */
export const sizesUpTo = (to: number): number[] => [32, 64, 128, 256, 512].filter((size) => size <= to);

/** How much longer the largest product takes than the one of half its size. */
export const kQuestion: Question<number> = {
  before: 'with twice the size, a product takes',
  after: 'the time',
  values: [2, 4, 8, 16],
  text: (factor) => `${factor} times`,
};
