import { batchFigures, fitIn, kLongPrompt, kQuestion, loadFigures } from './limits.ts';
import type { BatchReport } from './batches.task.ts';
import type { LoadReport } from './loads.task.ts';
import type { Part } from './settings.ts';
import { nearestFactor } from '#lab/statistics.ts';
import type { Question } from '#kit/question.ts';

/** What the reader predicts before each part, and how near that came. */

const kAsked = { prompt: 4, count: 8 };

export const kQuestions: Record<Part, Question<number> & { after: string }> = {
  short: {
    before: `after a prompt of ${kAsked.prompt}, ${kAsked.count} new tokens come`,
    after: 'as fast with the cache',
    values: [1, 2, 4, 8],
    text: (value) => (value === 1 ? 'about' : `${value} times`),
  },
  prefill: {
    before: `with the cache, a prompt of ${kLongPrompt} before 16 new tokens takes`,
    after: 'of the time',
    values: [10, 30, 50, 70, 90],
    text: (value) => `about ${value} %`,
  },
  memory: {
    before: 'beside its own weights in fp16, 24 GiB hold',
    after: `full sequences of ${kQuestion.model.name}, 4,096 tokens in fp16`,
    values: [1, 5, 20, 100],
    text: (value) => `about ${value}`,
  },
  batch: {
    before: '16 sequences together make',
    after: 'as many tokens a second as one',
    values: [1, 2, 4, 8, 16],
    text: (value) => (value === 1 ? 'about' : `${value} times`),
  },
};

/** What the reader's choice is compared with; null while it isn't known. */
export function truthOf(part: Part, loads: LoadReport | null, batches: BatchReport | null): number | null {
  const row = loads?.rows.find(({ prompt, count }) =>
    part === 'short' ? prompt === kAsked.prompt && count === kAsked.count : prompt === kLongPrompt && count === 16,
  );
  const figures = row === undefined ? null : loadFigures(row);
  switch (part) {
    case 'short':
      return figures?.speedUp ?? null;
    case 'prefill':
      return figures === null ? null : 100 * figures.prefillShare;
    case 'memory':
      return fitIn(kQuestion.memory, kQuestion.model, kQuestion.storage, kQuestion.weights).sequences;
    case 'batch':
      return batches === null ? null : (batchFigures(batches).find(({ batch }) => batch === 16)?.gain ?? null);
  }
}

/** The choice that comes nearest: by ratio, shares by difference. */
export function nearestChoice(part: Part, truth: number): number {
  const { values } = kQuestions[part];
  if (part !== 'prefill') return nearestFactor(truth, values);
  return values.reduce((best, value) => (Math.abs(value - truth) < Math.abs(best - truth) ? value : best));
}
