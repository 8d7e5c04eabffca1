// OptLab's decoder, in the link that pages load for language models.
import { checkedTokens, kAllowed, kFloatActivations, logProbabilities, outputOf, shapeOf } from '../families/decode.ts';
import { llamaLike, type LlamaShape } from '../models/gpt2.ts';
import type { DecodeTask, OperandsOf, Prepared } from '../types.ts';

interface Handle {
  delete(): void;
}
export interface Lm extends Handle {
  /** Of all positions, without a cache. */
  logits(ids: Int32Array, mode: string): Float32Array;
}
interface Decoder extends Handle {
  feed(ids: Int32Array): number;
  logits(): Float32Array;
  truncate(length: number): void;
}
interface Generation extends Handle {
  done(): boolean;
  step(): { id: number };
  ids(): Int32Array;
}
interface LmModule {
  Lm: { random(config: LlamaShape, seed: number): Lm };
  Decoder: new (model: Lm, settings: object) => Decoder;
  Generation: new (decoder: Decoder, tokenizer: null, settings: object) => Generation;
  setThreads(threads: number): number;
}

/** Of a log-probability, in standard deviations: with a cache and without it exact mode gives the same logits, to the bit. */
const kFloat32 = 1e-5;
/** Weights rounded to 8 bits, against float32, and activations to 7. */
const kEightBits = 0.15;
const kSevenBits = 0.3;
/** The likeliest token, always, and nothing that stops. */
export const kGreedy = {
  ...{ cached: true, temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, repetitionWindow: 64, seed: 1 },
  ...{ stopTokens: new Int32Array(0), stopTexts: [] as string[], shift: false },
};

let loading: Promise<LmModule> | undefined;
/** One at a time: with threads, memory doesn't grow. */
let latest: { dim: number; model: Lm } | undefined;

/** lm.mjs, once. */
export function lmModule(threads: number): Promise<LmModule> {
  loading ??= loadModule(threads);
  return loading;
}

/** Makes room for another family's model. */
export function releaseModel(): void {
  latest?.model.delete();
  latest = undefined;
}

async function loadModule(threads: number): Promise<LmModule> {
  const url = `/optlab/wasm-relaxed${threads > 1 ? '-threads' : ''}/src/bindings/lm.mjs`;
  const { default: create } = (await import(url)) as { default: (options: object) => Promise<LmModule> };
  const module = await create({ threads });
  const got = module.setThreads(threads);
  if (got !== threads) throw new Error(`lm.mjs uses ${got} threads`);
  return module;
}

export async function decoding(
  task: DecodeTask,
  { prompt }: OperandsOf['decode'],
  row: string,
  threads: number,
): Promise<Prepared> {
  const module = await lmModule(threads);
  const { dim, kind, count } = task;
  const mode = row === 'exact' ? 'exact' : 'fast';
  const weights = task.weights === 'f32' ? 'f32' : row === kFloatActivations ? 'int8' : 'int8-dot';
  if (latest?.dim !== dim) {
    releaseModel();
    latest = { dim, model: module.Lm.random(llamaLike(shapeOf(task)), 1) };
  }
  const { model } = latest;
  const decoder = new module.Decoder(model, { window: 0, sinks: 0, storage: 'f32', weights, mode });
  let chosen: Int32Array = new Int32Array(0);
  const generate = () => {
    const generation = new module.Generation(decoder, null, { ...kGreedy, prompt, count });
    while (!generation.done()) generation.step();
    chosen = generation.ids();
    generation.delete();
  };
  const read = () => {
    decoder.truncate(0);
    decoder.feed(prompt);
  };
  /** The tokens that were generated once more, now with their logits. */
  const output = () => {
    if (kind === 'prompt') generate();
    const ids = chosen.slice(-count);
    decoder.truncate(0);
    decoder.feed(prompt);
    return outputOf(
      Array.from({ length: checkedTokens(task) }, (_, i) => {
        if (i > 0) decoder.feed(ids.slice(i - 1, i));
        return { id: ids[i]!, logProbabilities: logProbabilities(decoder.logits()) };
      }),
    );
  };
  return {
    run: kind === 'generate' ? generate : read,
    output,
    allowed: { f32: mode === 'exact' ? kFloat32 : kAllowed, int8: kEightBits, 'int8-dot': kSevenBits }[weights],
    reference: (ids) => model.logits(ids, mode),
    dispose: () => decoder.delete(),
  };
}
