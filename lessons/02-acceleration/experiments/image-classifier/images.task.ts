/** The test images, for the page to show, once the model that classifies them is there too. */
import { testSet, type TestSet } from '#lab/fashion.ts';
import { defineQuestion } from '#lab/task.ts';

export default defineQuestion({
  module: 'models',
  async answer(models, _: object, { open, parse }): Promise<TestSet> {
    // Both are waited for, so that a retry never meets a download of the failed attempt.
    const [model, images] = await Promise.allSettled([open('mlp', models.Mlp), testSet(parse)]);
    if (model.status === 'rejected') throw model.reason;
    if (images.status === 'rejected') throw images.reason;
    return images.value;
  },
});
