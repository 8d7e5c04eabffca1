/** A language model, layer by layer, while it reads the beginning of a real text; the batch is its tokens. */
import { kOpening } from '#lab/moby.ts';
import { profileRun, type ProfileOptions } from '#lab/profile.ts';
import { defineTask } from '#lab/task.ts';

export default defineTask({
  module: 'lm',
  async open(lm, options: ProfileOptions, { keep, load, open }) {
    const { model, batch, variant, seconds } = options;
    const [bytes, tokenizer] = await Promise.all([load(model), open('tokenizer', lm.Tokenizer)]);
    const ids = tokenizer.encode(kOpening);
    if (ids.length < batch) throw new RangeError(`The text has ${ids.length} tokens; ${batch} are wanted`);
    return profileRun(keep(new lm.LmProfiler(bytes, ids.subarray(0, batch), variant, seconds)), options, 'token');
  },
});
