/** One policy of keeping keys, values and weights: its memory, then its speed, then what it makes of the validation text. */
import { gunzip } from '#lab/data.ts';
import { grown } from '#lab/report-parts.ts';
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';
import type { Decoder } from '#lab/types.ts';
import { tokensOf } from '../read-text.ts';
import { modelOf, sizeOf, type PolicyModel, type PolicySize } from './size.task.ts';

export interface PolicyOptions extends PolicyModel {
  /** Of the validation text, from its beginning. */
  tokens: number;
  /** Of a window, and how far apart windows begin. */
  context: number;
  stride: number;
  threads: number;
}

export interface PolicyReport extends PolicySize, Envelope {
  /** Seconds a token in each round, while one is generated after another. */
  rounds: number[];
  /** Tokens before those that were timed, and how many of them make a round. */
  prompt: number;
  roundTokens: number;
  /** Of each token that was predicted so far, nats; and the bytes of those tokens. */
  losses: Float32Array;
  bytes: number;
  /** Tokens that are predicted in all. */
  tokens: number;
}

/** Of the whole work, for the bar. */
const kSpeedShare = 0.2;
/** Predicted between two looks at the stop button. */
const kTokensPerStep = 64;

export default defineTask({
  module: 'lm',
  async open(lm, options: PolicyOptions, host) {
    const { decoder: settings, context, stride } = options;
    const model = await modelOf(lm, options, host);
    const text = await host.parse('validationText', uncompressed);
    const { ids, ends } = await tokensOf(lm, host.open, text, options.tokens);
    const decoder = host.keep(new lm.Decoder(model, settings));
    // Exact, as `optlab eval lm` is: whoever repeats it anywhere finds the same losses.
    const perplexity = host.keep(new lm.Perplexity(model, { ...settings, mode: 'exact' }, ids, context, stride));
    const size = sizeOf(model, settings, decoder.weightBytes());
    const speed = new Speed(decoder, ids);
    return {
      step: () => {
        if (speed.progress === 1) return perplexity.step(kTokensPerStep);
        speed.round();
        return true;
      },
      progress: () => kSpeedShare * speed.progress + (1 - kSpeedShare) * perplexity.progress(),
      report: (): Bare<PolicyReport> => {
        const losses = speed.rounds.length === 0 ? new Float32Array() : perplexity.losses();
        return {
          ...size,
          rounds: speed.rounds,
          prompt: kPrompt,
          roundTokens: kRoundTokens,
          losses: grown(losses),
          bytes: losses.length === 0 ? 0 : ends[losses.length - 1]!,
          tokens: ids.length,
        };
      },
    };
  },
});

/** The text uncompresses to 66 KB. */
const kMostText = 1 << 20;

const uncompressed = async (bytes: Uint8Array, what: string): Promise<string> =>
  new TextDecoder().decode(await gunzip(bytes, what, kMostText));

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

/** How long a token takes while one is generated after another. */
class Speed {
  readonly rounds: number[] = [];
  readonly #decoder: Decoder;
  readonly #ids: Int32Array;
  #warmUntil = 0;
  #spent = 0;

  constructor(decoder: Decoder, ids: Int32Array) {
    this.#decoder = decoder;
    this.#ids = ids;
  }

  get progress(): number {
    return Math.min(1, this.rounds.length / kFewestRounds, this.#spent / kSpeedSeconds);
  }

  /** As in generation: a prompt at once, then tokens one by one, which alone are timed. */
  round(): void {
    const begin = performance.now();
    if (this.#warmUntil === 0) this.#warmUntil = begin + 1000 * kWarmUpSeconds;
    this.#decoder.truncate(0);
    const token = (i: number) => this.#ids[i % this.#ids.length]!;
    this.#decoder.feed(Int32Array.from({ length: kPrompt }, (_, i) => token(i)));
    let seconds = 0;
    for (let i = kPrompt; i < kPrompt + kRoundTokens; ++i) seconds += this.#decoder.feed(Int32Array.of(token(i)));
    if (begin < this.#warmUntil) return;
    this.rounds.push(seconds / kRoundTokens);
    this.#spent += (performance.now() - begin) / 1000;
  }
}
