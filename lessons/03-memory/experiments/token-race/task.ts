/** A language model writes the same text by several decoders, which take turns so that each has had as much time as the others. */
import type { Asset } from '#lab/assets.ts';
import { warmUp } from '#lab/decoding.ts';
import { totalSeconds, type DecoderSettings, type Sampling } from '#lab/generation.ts';
import { grown } from '#lab/report-parts.ts';
import { defineTask, type Bare, type Envelope, type TaskHost } from '#lab/task.ts';
import type { Decoder, Footprint, Generation, Lm, LmModule } from '#lab/types.ts';
import { Llama2cTokenizer } from './llama2c-tokenizer.ts';

/** One of those that write the same text in different ways. */
export interface LaneOptions {
  name: string;
  /** Without: all tokens anew for each. */
  cached: boolean;
  /** With `guest`: runs the guests in its slots. */
  decoder: DecoderSettings;
}

export interface GenerateOptions {
  /** Safetensors of ours or a checkpoint of llama2.c. */
  model: Asset;
  /** Ours or one of llama2.c. Null: the prompt is token numbers. */
  tokenizer: Asset | null;
  prompt: string | number[];
  /** New tokens, at most. */
  count: number;
  sampling: Sampling;
  stopTexts: string[];
  threads: number;
  lanes: LaneOptions[];
  /** Report about so many tokens of each lane, the latest, and count the rest; all without. For texts that may not end. */
  latest?: number;
}

export interface GenerationLane {
  name: string;
  text: string;
  /** Tokens before those listed here. */
  dropped: number;
  ids: number[];
  /** Seconds per new token; the first includes the prompt. */
  seconds: number[];
  /** Bytes of keys and values kept for the next token; zeros without the cache, which computes them anew. */
  bytes: number[];
  footprint: Footprint;
  weightBytes: number;
  /** Why it ended; null while it goes on. */
  stop: string | null;
}

export interface GenerateReport extends Envelope {
  /** Tokens. */
  prompt: number;
  positions: number;
  parameters: number;
  lanes: GenerationLane[];
}

interface RunningLane {
  shown: GenerationLane;
  /** Characters before the text that is still shown. */
  textDropped: number;
  cached: boolean;
  decoder: Decoder;
  run: Generation;
  /** The text of a new token that the library itself has no tokenizer for. */
  textOf: (id: number) => string;
}

export default defineTask({
  module: 'lm',
  async open(lm, options: GenerateOptions, host) {
    const model = await host.open(options.model, lm.Lm);
    const { prompt, lanes } = await openLanes(lm, model, options, host);
    const written = ({ dropped, ids }: GenerationLane) => dropped + ids.length;
    for (const { decoder } of lanes) warmUp(decoder, prompt);
    return {
      step: () => {
        const waiting = lanes.filter(({ run }) => !run.done());
        const next = waiting.toSorted((a, b) => totalSeconds(a.shown) - totalSeconds(b.shown))[0];
        if (next === undefined) return false;
        write(next);
        if (options.latest !== undefined) forget(next, options.latest);
        return true;
      },
      progress: () => Math.min(...lanes.map(({ shown }) => (shown.stop ? 1 : written(shown) / options.count))),
      report: (): Bare<GenerateReport> => ({
        prompt: prompt.length,
        positions: model.config().positions,
        parameters: model.parameters(),
        lanes: lanes.map(reportOf),
      }),
    };
  },
});

async function openLanes(
  lm: LmModule,
  model: Lm,
  options: GenerateOptions,
  host: TaskHost,
): Promise<{ prompt: Int32Array; lanes: RunningLane[] }> {
  const { own, foreign, prompt } = await openTokenizer(lm, model, options, host);
  const { sampling, count, stopTexts } = options;
  const lanes = options.lanes.map(({ name, cached, decoder: settings }): RunningLane => {
    const decoder = host.keep(new lm.Decoder(model, settings));
    const asked = { ...sampling, cached, prompt, count, stopTexts, ...kNothingElse };
    const run = host.keep(new lm.Generation(decoder, own, asked));
    const footprint = decoder.footprint();
    const weightBytes = decoder.weightBytes();
    const shown = { name, text: '', dropped: 0, ids: [], seconds: [], bytes: [], footprint, weightBytes, stop: null };
    const textOf = foreign === null ? () => '' : streamOf(foreign, prompt);
    return { shown, textDropped: 0, cached, decoder, run, textOf };
  });
  return { prompt, lanes };
}

const kNothingElse = { repetitionWindow: 64, stopTokens: new Int32Array(), shift: false };
const kOwnFormat = 'optlab-bpe';

interface OpenTokenizer {
  own: InstanceType<LmModule['Tokenizer']> | null;
  foreign: Llama2cTokenizer | null;
  prompt: Int32Array;
}

/** A tokenizer of ours, which the library reads, or one of llama2.c; and the prompt in its tokens. */
async function openTokenizer(
  lm: LmModule,
  model: Lm,
  { tokenizer: asset, prompt }: GenerateOptions,
  { load, open }: TaskHost,
): Promise<OpenTokenizer> {
  if (asset === null) {
    if (typeof prompt === 'string')
      throw new RangeError('A text as prompt needs a tokenizer; without one the prompt is token numbers');
    return { own: null, foreign: null, prompt: Int32Array.from(prompt) };
  }
  const tokens = (tokenizer: { encode(text: string): Int32Array }) =>
    typeof prompt === 'string' ? tokenizer.encode(prompt) : Int32Array.from(prompt);
  const file = await load(asset);
  const isOwn = new TextDecoder('latin1').decode(file.subarray(0, kOwnFormat.length)) === kOwnFormat;
  if (!isOwn) {
    const foreign = new Llama2cTokenizer(file, model.config().vocab);
    return { own: null, foreign, prompt: tokens(foreign) };
  }
  const own = await open(asset, lm.Tokenizer);
  return { own, foreign: null, prompt: tokens(own) };
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
function forget(lane: RunningLane, latest: number): void {
  const { shown } = lane;
  const many = shown.ids.length - latest;
  if (many < latest) return;
  const characters = Math.floor((shown.text.length * many) / shown.ids.length);
  lane.textDropped += characters;
  shown.dropped += many;
  shown.text = shown.text.slice(characters);
  for (const list of [shown.ids, shown.seconds, shown.bytes]) list.splice(0, many);
}

function reportOf({ shown, textDropped }: RunningLane): GenerationLane {
  const { text, dropped, ids, seconds, bytes } = shown;
  return {
    ...shown,
    text: grown(text, textDropped),
    ids: grown(ids, dropped),
    seconds: grown(seconds, dropped),
    bytes: grown(bytes, dropped),
  };
}
