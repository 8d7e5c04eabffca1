import { parseLayers, parseMemory, parseSpans, parseTiming } from '../lab/profile.ts';
import type { ProfileOptions, ProfileReport, TimingOptions, TimingReport } from '../lab/protocol.ts';
import type { LmModule, ModelProfile } from '../lab/types.ts';
import { engine, lmEngine, modelEngine, runSteps, useThreads } from './steps.ts';

/** Single calls between two looks at the stop button. */
const kCallsPerStep = 10;
const kBatchSeconds = 1.2;

/** The same product, timed call by call with the browser's clock, and then in batches as the library does it. */
export async function timeCalls(
  options: TimingOptions,
  onProgress: (report: TimingReport) => void,
): Promise<TimingReport> {
  const module = engine();
  await useThreads(module, 1);
  const { size, variant, count } = options;
  const operands = [1, 2, 3].map(() => new module.Tensor(size, size));
  const [a, b, c] = operands;
  const race = new module.GemmRace(size, size, size, [variant], kBatchSeconds);
  const calls: number[] = [];
  const report = (done: boolean, stopped: boolean): TimingReport => ({
    options,
    tick: module.clockTick(),
    calls: [...calls],
    batches: Array.from(race.samples(0)),
    progress: done ? 1 : (0.5 * calls.length) / count + 0.5 * race.progress(),
    done,
    stopped,
  });
  try {
    for (const tensor of [a!, b!]) tensor.view().forEach((_, i, values) => (values[i] = Math.sin(i)));
    const step = () => {
      if (calls.length >= count) return race.step();
      for (let i = 0; i < kCallsPerStep && calls.length < count; ++i) {
        const start = performance.now();
        module.gemmMultiply(a!, b!, c!, variant);
        calls.push((performance.now() - start) / 1000);
      }
      return true;
    };
    const stopped = await runSteps(step, () => onProgress(report(false, false)));
    return report(true, stopped);
  } finally {
    race.delete();
    for (const tensor of operands) tensor.delete();
  }
}

/** A model, layer by layer. */
export async function profileModel(
  options: ProfileOptions,
  onProgress: (report: ProfileReport) => void,
): Promise<ProfileReport> {
  const run = await openProfile(options);
  try {
    const stopped = await runSteps(
      () => run.step(),
      () => onProgress(profileReport(run, options, false, false)),
    );
    return profileReport(run, options, true, stopped);
  } finally {
    run.delete();
  }
}

async function openProfile({ model, input, batch, variant, threads, seconds }: ProfileOptions): Promise<ModelProfile> {
  if ('images' in input) return new (await modelEngine(threads)).ModelProfiler(model, input.images, variant, seconds);
  const module = await lmEngine(threads);
  return new module.LmProfiler(model, tokensOf(module, input, batch), variant, seconds);
}

function tokensOf(
  module: LmModule,
  { text, tokenizer }: { text: string; tokenizer: Uint8Array },
  count: number,
): Int32Array {
  const encoder = new module.Tokenizer(tokenizer);
  try {
    const ids = encoder.encode(text);
    if (ids.length < count) throw new RangeError(`The text has ${ids.length} tokens; ${count} are wanted`);
    return ids.subarray(0, count);
  } finally {
    encoder.delete();
  }
}

function profileReport(run: ModelProfile, options: ProfileOptions, done: boolean, stopped: boolean): ProfileReport {
  const { batch, variant, threads, title, input } = options;
  return {
    title,
    unit: 'images' in input ? 'image' : 'token',
    batch,
    variant,
    threads,
    layers: parseLayers(run.names(), run.layers()),
    run: parseTiming(run.run()),
    spans: parseSpans(run.spans()),
    memory: done ? parseMemory(run.memory()) : [],
    progress: done ? 1 : run.progress(),
    done,
    stopped,
  };
}
