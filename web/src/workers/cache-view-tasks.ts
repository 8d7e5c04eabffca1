import type {
  AttentionMaps,
  CacheTrace,
  PolicyOptions,
  PolicyReport,
  PolicySize,
  ReadText,
  TraceStep,
} from '../lab/cache-views.ts';
import type { Decoder, Lm, LmModule, Perplexity } from '../lab/types.ts';
import { lmEngine, runSteps } from './steps.ts';

interface Deletable {
  delete(): void;
}

/** Calls `use` with a function that notes handles; they are deleted at its end, the last first. */
async function withHandles<T>(use: (keep: <H extends Deletable>(handle: H) => H) => Promise<T> | T): Promise<T> {
  const all: Deletable[] = [];
  try {
    return await use((handle) => {
      all.push(handle);
      return handle;
    });
  } finally {
    for (const handle of all.toReversed()) handle.delete();
  }
}

interface Tokens {
  ids: Int32Array;
  /** Where each ends in the text's bytes. */
  ends: Int32Array;
  bytes: Uint8Array;
  cut: boolean;
}

/** The first tokens of a text. */
function tokensOf(module: LmModule, file: Uint8Array, text: string, most: number): Tokens {
  const tokenizer = new module.Tokenizer(file);
  try {
    const all = tokenizer.encode(text);
    const ids = all.subarray(0, most);
    if (ids.length === 0) throw new RangeError('The text is empty; a model needs a token to begin with');
    const bytes = new TextEncoder().encode(text);
    return { ids, ends: module.tokenEnds(tokenizer, ids), bytes, cut: all.length > most };
  } finally {
    tokenizer.delete();
  }
}

/** The text of each token; bytes of a character that is cut in two show as �. */
function textsOf({ ends, bytes }: Tokens): string[] {
  const decoder = new TextDecoder();
  return Array.from(ends, (end, i) => decoder.decode(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)));
}

/** Reads a text token by token and writes down what the cache does. */
export async function traceCache({
  model: file,
  tokenizer,
  text,
  tokens,
  decoder: settings,
}: ReadText): Promise<CacheTrace> {
  const module = await lmEngine(1);
  return withHandles((keep) => {
    const model = keep(new module.Lm(file));
    const read = tokensOf(module, tokenizer, text, tokens);
    const decoder = keep(new module.Decoder(model, settings));
    const { layers, kvHeads, dim, heads, positions } = model.config();
    const steps: TraceStep[] = [];
    for (let position = 0; position < read.ids.length; ++position) {
      decoder.feed(read.ids.subarray(position, position + 1));
      steps.push(stepOf(decoder, steps.at(-1)?.slots ?? [], position));
    }
    const footprint = decoder.footprint();
    return { tokens: textsOf(read), steps, layers, kvHeads, headSize: dim / heads, footprint, positions };
  });
}

function stepOf(decoder: Decoder, before: readonly (number | null)[], position: number): TraceStep {
  const slots: (number | null)[] = [];
  for (let p = 0; p <= position; ++p) {
    if (decoder.holds(p)) slots[decoder.slotOf(p)] = p;
  }
  const slot = decoder.slotOf(position);
  const bytesRead = decoder.bytesInUse();
  return {
    slot,
    evicted: before[slot] ?? null,
    slots: Array.from(slots, (p) => p ?? null),
    bytesWritten: bytesRead / decoder.kept(),
    bytesRead,
  };
}

/** Where every head of every layer looks. */
export async function mapAttention({
  model: file,
  tokenizer,
  text,
  tokens,
  decoder,
}: ReadText): Promise<AttentionMaps> {
  const module = await lmEngine(1);
  return withHandles((keep) => {
    const model = keep(new module.Lm(file));
    const read = tokensOf(module, tokenizer, text, tokens);
    const { layers, heads, kvHeads } = model.config();
    const values = module.attentionMap(model, decoder, read.ids);
    return { tokens: textsOf(read), cut: read.cut, layers, heads, kvHeads, values };
  });
}

/**
 * Tokens before those that are timed, those of a round (some milliseconds, so that a clock of 100 µs does), the least rounds, and how long they
 * take together.
 */
const kPrompt = 128;
const kRoundTokens = 96;
const kFewestRounds = 7;
const kSpeedSeconds = 1.5;
/** Rounds before the clock starts: V8 compiles kernels better once they have run for a while. */
const kWarmUpSeconds = 0.4;
/** Predicted between two looks at the stop button. */
const kTokensPerStep = 64;
/** Of the whole work, for the bar. */
const kSpeedShare = 0.2;

/** The model with as many key and value heads as are wanted. */
function modelOf(module: LmModule, { model, kvHeads }: PolicyOptions, keep: <H extends Deletable>(handle: H) => H): Lm {
  const loaded = keep(new module.Lm(model));
  return loaded.config().kvHeads === kvHeads ? loaded : keep(module.regroupLm(loaded, kvHeads));
}

const sizeOf = (decoder: Decoder, model: Lm): PolicySize => ({
  footprint: decoder.footprint(),
  weightBytes: decoder.weightBytes(),
  positions: model.config().positions,
  parameters: model.parameters(),
});

/** What a policy takes. */
export async function sizePolicy(options: PolicyOptions): Promise<PolicySize> {
  const module = await lmEngine(options.threads);
  return withHandles((keep) => {
    const model = modelOf(module, options, keep);
    return sizeOf(keep(new module.Decoder(model, options.decoder)), model);
  });
}

/** One policy: its memory, then its speed, then what it makes of a text. */
export async function explorePolicy(
  options: PolicyOptions,
  onProgress: (report: PolicyReport) => void,
): Promise<PolicyReport> {
  const module = await lmEngine(options.threads);
  return withHandles(async (keep) => {
    const model = modelOf(module, options, keep);
    const read = tokensOf(module, options.tokenizer, options.text, options.tokens);
    const run = new PolicyRun(module, model, options, read);
    try {
      const stopped = await runSteps(
        () => run.step(),
        () => onProgress(run.report(false, false)),
      );
      return run.report(true, stopped);
    } finally {
      run.delete();
    }
  });
}

class PolicyRun {
  readonly #read: Tokens;
  readonly #decoder: Decoder;
  readonly #perplexity: Perplexity;
  readonly #size: PolicySize;
  readonly #rounds: number[] = [];
  #warmUntil = 0;
  #spent = 0;

  constructor(module: LmModule, model: Lm, options: PolicyOptions, read: Tokens) {
    const { decoder, context, stride } = options;
    this.#read = read;
    this.#decoder = new module.Decoder(model, decoder);
    try {
      // Exact, as `optlab eval lm` is: whoever repeats it anywhere finds the same losses.
      const exact = { ...decoder, mode: 'exact' as const };
      this.#perplexity = new module.Perplexity(model, exact, read.ids, context, stride);
    } catch (error) {
      this.#decoder.delete();
      throw error;
    }
    this.#size = sizeOf(this.#decoder, model);
  }

  delete(): void {
    this.#perplexity.delete();
    this.#decoder.delete();
  }

  step(): boolean {
    if (!this.#timed) {
      this.#round();
      return true;
    }
    return this.#perplexity.step(kTokensPerStep);
  }

  get #timed(): boolean {
    return this.#rounds.length >= kFewestRounds && this.#spent >= kSpeedSeconds;
  }

  /** As in generation: a prompt at once, then tokens one by one, which alone are timed. */
  #round(): void {
    const { ids } = this.#read;
    const begin = performance.now();
    if (this.#warmUntil === 0) this.#warmUntil = begin + 1000 * kWarmUpSeconds;
    this.#decoder.truncate(0);
    const token = (i: number) => ids[i % ids.length]!;
    this.#decoder.feed(Int32Array.from({ length: kPrompt }, (_, i) => token(i)));
    let seconds = 0;
    for (let i = kPrompt; i < kPrompt + kRoundTokens; ++i) seconds += this.#decoder.feed(Int32Array.of(token(i)));
    if (begin < this.#warmUntil) return;
    this.#rounds.push(seconds / kRoundTokens);
    this.#spent += (performance.now() - begin) / 1000;
  }

  report(done: boolean, stopped: boolean): PolicyReport {
    const { ends, ids } = this.#read;
    const losses = this.#rounds.length === 0 ? new Float32Array() : this.#perplexity.losses();
    return {
      ...this.#size,
      rounds: [...this.#rounds],
      prompt: kPrompt,
      roundTokens: kRoundTokens,
      losses,
      bytes: losses.length === 0 ? 0 : ends[losses.length - 1]!,
      tokens: ids.length,
      progress: done ? 1 : this.#progress,
      done,
      stopped,
    };
  }

  get #progress(): number {
    if (!this.#timed)
      return kSpeedShare * Math.min(1, this.#rounds.length / kFewestRounds, this.#spent / kSpeedSeconds);
    return kSpeedShare + (1 - kSpeedShare) * this.#perplexity.progress();
  }
}
