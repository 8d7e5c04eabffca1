/** An image classifier, layer by layer, with real images as one batch. */
import { kPixels, testSet } from '#lab/fashion.ts';
import { profileRun, type ProfileOptions } from '#lab/profile.ts';
import { defineTask } from '#lab/task.ts';

export default defineTask({
  module: 'models',
  async open(models, options: ProfileOptions, { keep, load, parse }) {
    const { model, batch, variant, seconds } = options;
    const [bytes, { images }] = await Promise.all([load(model), testSet(parse)]);
    const pixels = images.subarray(0, batch * kPixels);
    return profileRun(keep(new models.ModelProfiler(bytes, pixels, variant, seconds)), options, 'image');
  },
});
