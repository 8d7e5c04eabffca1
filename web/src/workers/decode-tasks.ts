import type { GenerateOptions, GenerateReport, GenerationLane, LaneOptions } from '../lab/generation.ts';
import { warmUp } from '../lab/decoding.ts';
import { totalSeconds } from '../lab/generation.ts';
import { Llama2cTokenizer } from '../lab/llama2c-tokenizer.ts';
import type { Decoder, Generation, Lm, LmModule } from '../lab/types.ts';
import { lmEngine, runSteps } from './steps.ts';

interface Deletable {
  delete(): void;
}

/** Handles to delete at the end, the last first. */
export class Handles {
  readonly #all: Deletable[] = [];
  keep<T extends Deletable>(handle: T): T {
    this.#all.push(handle);
    return handle;
  }
  delete(): void {
    for (const handle of this.#all.toReversed()) handle.delete();
  }
}

interface RunningLane {
  shown: GenerationLane;
  cached: boolean;
  decoder: Decoder;
  run: Generation;
  /** The text of a new token that the library itself has no tokenizer for. */
  textOf: (id: number) => string;
}

/** The same text by several decoders, which take turns so that each has had as much time as the others. */
export async function generate(
  options: GenerateOptions,
  onProgress: (report: GenerateReport) => void,
): Promise<GenerateReport> {
  const module = await lmEngine(options.threads);
  const handles = new Handles();
  try {
    const model = handles.keep(new module.Lm(options.model));
    const { prompt, lanes } = openLanes(module, model, options, handles);
    const report = (done: boolean, stopped: boolean): GenerateReport => ({
      prompt: prompt.length,
      positions: model.config().positions,
      parameters: model.parameters(),
      lanes: lanes.map(({ shown }) => structuredClone(shown)),
      progress: done
        ? 1
        : Math.min(...lanes.map(({ shown }) => (shown.stop ? 1 : (shown.dropped + shown.ids.length) / options.count))),
      done,
      stopped,
    });
    const step = () => {
      const waiting = lanes.filter(({ run }) => !run.done());
      const next = waiting.toSorted((a, b) => totalSeconds(a.shown) - totalSeconds(b.shown))[0];
      if (next === undefined) return false;
      write(next);
      if (options.latest !== undefined) forget(next.shown, options.latest);
      return true;
    };
    for (const { decoder } of lanes) warmUp(decoder, prompt);
    const stopped = await runSteps(step, () => onProgress(report(false, false)));
    return report(true, stopped);
  } finally {
    handles.delete();
  }
}

function openLanes(
  module: LmModule,
  model: Lm,
  options: GenerateOptions,
  handles: Handles,
): { prompt: Int32Array; lanes: RunningLane[] } {
  const { own, foreign, prompt } = openTokenizer(module, model, options, handles);
  const { sampling, count, stopTexts } = options;
  const lanes = options.lanes.map(({ name, cached, decoder: settings }: LaneOptions): RunningLane => {
    const decoder = handles.keep(new module.Decoder(model, settings));
    const asked = { ...sampling, cached, prompt, count, stopTexts, ...kNothingElse };
    const run = handles.keep(new module.Generation(decoder, own, asked));
    const footprint = decoder.footprint();
    const weightBytes = decoder.weightBytes();
    const shown = { name, text: '', dropped: 0, ids: [], seconds: [], bytes: [], footprint, weightBytes, stop: null };
    return { shown, cached, decoder, run, textOf: foreign === null ? () => '' : streamOf(foreign, prompt) };
  });
  return { prompt, lanes };
}

const kNothingElse = { repetitionWindow: 64, stopTokens: new Int32Array(), shift: false };
const kOwnFormat = 'optlab-bpe';

/** A tokenizer of ours, which the library reads, or one of llama2.c; and the prompt in its tokens. */
function openTokenizer(
  module: LmModule,
  model: Lm,
  { tokenizer: file, prompt }: GenerateOptions,
  handles: Handles,
): { own: InstanceType<LmModule['Tokenizer']> | null; foreign: Llama2cTokenizer | null; prompt: Int32Array } {
  if (file === null) {
    if (typeof prompt === 'string')
      throw new RangeError('A text as prompt needs a tokenizer; without one the prompt is token numbers');
    return { own: null, foreign: null, prompt: Int32Array.from(prompt) };
  }
  const isOwn = new TextDecoder('latin1').decode(file.subarray(0, kOwnFormat.length)) === kOwnFormat;
  if (!isOwn) {
    const foreign = new Llama2cTokenizer(file, model.config().vocab);
    return {
      own: null,
      foreign,
      prompt: typeof prompt === 'string' ? foreign.encode(prompt) : Int32Array.from(prompt),
    };
  }
  const own = handles.keep(new module.Tokenizer(file));
  return { own, foreign: null, prompt: typeof prompt === 'string' ? own.encode(prompt) : Int32Array.from(prompt) };
}

function streamOf(tokenizer: Llama2cTokenizer, prompt: Int32Array): (id: number) => string {
  const decoder = new TextDecoder();
  let previous = prompt.at(-1) ?? 0;
  return (id) => {
    const text = decoder.decode(tokenizer.piece(id, previous), { stream: true });
    previous = id;
    return text;
  };
}

/** One token. */
function write({ shown, cached, decoder, run, textOf }: RunningLane): void {
  const { id, text, seconds } = run.step();
  shown.ids.push(id);
  shown.text += text + textOf(id);
  shown.seconds.push(seconds);
  shown.bytes.push(cached ? decoder.bytesInUse() : 0);
  if (run.done()) shown.stop = run.stop();
}

/** Keeps about the latest tokens of a lane; half of them go at a time, so that it costs nothing to speak of. */
function forget(shown: GenerationLane, latest: number): void {
  const many = shown.ids.length - latest;
  if (many < latest) return;
  shown.dropped += many;
  shown.text = shown.text.slice(Math.floor((shown.text.length * many) / shown.ids.length));
  for (const list of [shown.ids, shown.seconds, shown.bytes]) list.splice(0, many);
}
