// wllama: llama.cpp as WebAssembly, in workers of its own. It takes and gives texts, of which our vocabulary's are tokens one by one.
import { checkedTokens, modelOf, outputOf } from '../families/decode.ts';
import { gpt2Gguf, vocabulary } from '../models/gpt2-gguf.ts';
import type { DecodeTask, Loaded, OperandsOf, Prepared, WebPeer } from '../types.ts';

interface TokenProbability {
  id: number;
  logprob: number;
}
interface Completion {
  choices: {
    logprobs: { content: (TokenProbability & { top_logprobs: TokenProbability[] })[] } | null;
  }[];
  usage: { prompt_tokens: number; completion_tokens: number };
  timings: { cache_n: number };
}
interface Wllama {
  loadModel(files: Blob[], options: object): Promise<void>;
  getNumThreads(): number;
  createCompletion(options: object): Promise<Completion>;
  exit(): Promise<void>;
}
interface Library {
  Wllama: (new (paths: { default: string }, options: object) => Wllama) & { getLibllamaVersion(): string };
}

const kFolder = '/npm/@wllama/wllama/esm';
const kSilent = { debug: () => {}, log: () => {}, warn: () => {}, error: () => {} };
/** Of a log-probability, in standard deviations: GELU comes from a table of halves, and so do keys and values by default. */
const kHalves = 0.02;
/** Weights and activations rounded to 8 bits. */
const kEightBits = 0.15;

const kSettings: Readonly<Record<string, object>> = {
  default: {},
  plain: { cache_type_k: 'f32', cache_type_v: 'f32', flash_attn: false },
};

let library: Library;
let threads = 1;

async function load(wanted: number): Promise<Loaded> {
  const url = `${kFolder}/index.js`;
  library = (await import(url)) as Library;
  threads = wanted;
  return { threads, details: `llama.cpp ${library.Wllama.getLibllamaVersion()}` };
}

async function decode(task: DecodeTask, { prompt }: OperandsOf['decode'], row: string): Promise<Prepared> {
  const { model } = modelOf(task);
  const file = new Blob([gpt2Gguf(model, task.weights === 'int8')]);
  // Not even the wasm's address is resolved in a worker, whose location its own worker doesn't share.
  const wllama = new library.Wllama(
    { default: new URL(`${kFolder}/wasm/wllama.wasm`, location.href).href },
    { suppressNativeLog: true, logger: kSilent },
  );
  const common = { n_ctx: model.positions, n_threads: threads, n_gpu_layers: 0, n_parallel: 1 };
  await wllama.loadModel([file], { ...common, ...kSettings[row] });
  if (wllama.getNumThreads() !== threads) throw new Error(`it uses ${wllama.getNumThreads()} threads`);

  const texts = vocabulary(model.vocab);
  const text = Array.from(prompt, (id) => texts[id]!).join('');
  const complete = async (count: number, more = {}) => {
    const reused = task.kind === 'generate';
    const greedy = { temperature: 0, samplers: ['top_k'], top_k: 1, ignore_eos: true };
    const completion = await wllama.createCompletion({
      ...{ prompt: text, max_tokens: count, cache_prompt: reused },
      ...greedy,
      ...more,
    });
    const { prompt_tokens: read, completion_tokens: written } = completion.usage;
    if (read !== prompt.length || written !== count)
      throw new Error(`it read ${read} tokens and wrote ${written}, not ${prompt.length} and ${count}`);
    return completion;
  };
  const cached = task.kind === 'generate' ? prompt.length - 1 : 0;
  if (cached > 0) await complete(1);
  return {
    run: async () => {
      const { timings } = await complete(task.count);
      if (timings.cache_n !== cached) throw new Error(`it had ${timings.cache_n} tokens cached, not ${cached}`);
    },
    output: async () => {
      const { choices } = await complete(checkedTokens(task), { n_probs: model.vocab });
      return outputOf(
        choices[0]!.logprobs!.content.map(({ id, top_logprobs: all }) => {
          const logProbabilities = new Float64Array(model.vocab).fill(NaN);
          for (const { id: other, logprob } of all) logProbabilities[other] = logprob;
          return { id, logProbabilities };
        }),
      );
    },
    allowed: task.weights === 'int8' ? kEightBits : kHalves,
    dispose: () => void wllama.exit(),
  };
}

export const peer: WebPeer = { load, prepare: { decode } };
