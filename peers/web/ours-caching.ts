// OptLab's decoder with its cache and without.
import { kCachingShape } from '../families/caching.ts';
import type { CachingTask, OperandsOf, Prepared } from '../types.ts';
import { kGreedy, lmModule, type Lm, releaseModel } from './ours-decode.ts';

let model: Lm | undefined;

export async function caching(
  { kind, prompt: length, count }: CachingTask,
  { prompt: ids }: OperandsOf['caching'],
  row: string,
  threads: number,
): Promise<Prepared> {
  const module = await lmModule(threads);
  releaseModel();
  model ??= module.Lm.random(kCachingShape, 1);
  const lm = model;
  const decoder = new module.Decoder(lm, { window: 0, sinks: 0, storage: 'f32', weights: 'f32', mode: 'exact' });
  const cached = row === 'cached';
  const prompt = ids.subarray(0, length);
  /** What was read in the latest call. */
  let read = ids;
  let logits: () => Float32Array = () => decoder.logits();
  const token = () => {
    if (cached) decoder.truncate(length);
    else decoder.truncate(0);
    decoder.feed(cached ? ids.subarray(length) : ids);
  };
  const text = () => {
    decoder.truncate(0);
    const generation = new module.Generation(decoder, null, { ...kGreedy, cached, prompt, count });
    while (!generation.done()) generation.step();
    read = Int32Array.of(...prompt, ...generation.ids().subarray(0, -1));
    generation.delete();
  };
  if (kind === 'token' && cached) decoder.feed(prompt);
  if (kind === 'text') {
    // Generation keeps its logits to itself: those of the last token once more.
    logits = () => {
      if (cached) decoder.truncate(read.length - 1);
      else decoder.truncate(0);
      decoder.feed(cached ? read.subarray(-1) : read);
      return decoder.logits();
    };
  }
  return {
    run: kind === 'token' ? token : text,
    output: () => Float32Array.of(...read, ...logits()),
    reference: (sequence) => lm.logits(sequence, 'exact'),
    dispose: () => decoder.delete(),
  };
}
