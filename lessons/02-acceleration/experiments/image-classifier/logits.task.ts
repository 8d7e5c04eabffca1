/** The scores of one test image before softmax. */
import { kPixels, testSet } from '#lab/fashion.ts';
import { defineQuestion } from '#lab/task.ts';

export default defineQuestion({
  module: 'models',
  async answer(models, { image, variant }: { image: number; variant: string }, { open, parse }): Promise<number[]> {
    const [model, { images }] = await Promise.all([open('mlp', models.Mlp), testSet(parse)]);
    return Array.from(model.logits(images.slice(image * kPixels, (image + 1) * kPixels), variant));
  },
});
