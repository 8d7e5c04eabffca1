/** Forgets a paused training. */
import { defineQuestion } from '#lab/task.ts';
import { kTraining } from '#lab/training.ts';

export default defineQuestion({
  module: 'optlab', // which the engine has in any case
  answer: (_, __: object, { shelf }): void => shelf.drop(kTraining),
});
