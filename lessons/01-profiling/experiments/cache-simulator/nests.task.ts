/** The loop nests that the cache simulator knows. */
import { defineQuestion } from '#lab/task.ts';
import type { NestInfo } from '#lab/types.ts';
import { parseNest } from './cache.ts';

export default defineQuestion({
  module: 'optlab',
  answer: (optlab, _: object): NestInfo[] => optlab.cacheNests().map(parseNest),
});
