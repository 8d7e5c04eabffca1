/**
 * A decoder whose steps are the guest's writes a text, token by token; after each the library's decoder computes the same position, so that
 * both are measured under the same load.
 */
import type { Asset } from '#lab/assets.ts';
import { kGreedy, type DecoderSettings } from '#lab/generation.ts';
import { grown } from '#lab/report-parts.ts';
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';

export interface GuestDecoderOptions {
  model: Asset;
  tokenizer: Asset;
  prompt: string;
  /** New tokens. */
  count: number;
  /** The settings of both decoders, with float32 keys and values. */
  decoder: DecoderSettings;
  threads: number;
}

export interface GuestDecoderReport extends Envelope {
  /** Tokens. */
  prompt: number;
  /** What the student's decoder writes, always the likeliest token. */
  text: string;
  ids: number[];
  /** Seconds per new token; the first includes the prompt. The library's decoder sees the same tokens. */
  ownSeconds: number[];
  librarySeconds: number[];
  /** The library's likeliest token at each of these positions. */
  libraryIds: number[];
  /** Between the two decoders' logits so far. NaN if any of the student's logits is NaN. */
  largestDifference: number;
  /** The largest magnitude of the library's logits, to compare that with. */
  largestLogit: number;
}

export default defineTask({
  module: 'lm',
  async open(lm, { count, decoder, ...options }: GuestDecoderOptions, { keep, open }) {
    const [model, tokenizer] = await Promise.all([open(options.model, lm.Lm), open(options.tokenizer, lm.Tokenizer)]);
    const prompt = tokenizer.encode(options.prompt);
    const library = keep(new lm.Decoder(model, decoder));
    const guest = keep(new lm.Decoder(model, { ...decoder, guest: true }));
    const run = keep(new lm.Generation(guest, tokenizer, { ...kLikeliest, prompt, count }));
    const report: Bare<GuestDecoderReport> = {
      ...{ prompt: prompt.length, text: '', ids: [], ownSeconds: [], librarySeconds: [], libraryIds: [] },
      ...{ largestDifference: 0, largestLogit: 0 },
    };
    let next = prompt;
    return {
      step: () => {
        if (run.done()) return false;
        const { id, text, seconds } = run.step();
        report.librarySeconds.push(library.feed(next));
        report.ownSeconds.push(seconds);
        report.ids.push(id);
        report.text += text;
        next = Int32Array.of(id);
        compareLogits(guest.logits(), library.logits(), report);
        return !run.done();
      },
      progress: () => report.ids.length / count,
      report: () => ({
        ...report,
        text: grown(report.text),
        ids: grown(report.ids),
        ownSeconds: grown(report.ownSeconds),
        librarySeconds: grown(report.librarySeconds),
        libraryIds: grown(report.libraryIds),
      }),
    };
  },
});

const kLikeliest = {
  ...{ ...kGreedy, cached: true, repetitionWindow: 64 },
  ...{ stopTokens: new Int32Array(), stopTexts: [], shift: false },
};

/** The likeliest token, the lowest one on ties: what a temperature of 0 takes. */
function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; ++i) if ((logits[i] ?? -Infinity) > (logits[best] ?? -Infinity)) best = i;
  return best;
}

function compareLogits(guest: Float32Array, library: Float32Array, report: Bare<GuestDecoderReport>): void {
  report.libraryIds.push(likeliest(library));
  for (const [i, logit] of library.entries()) {
    // Math.max keeps a NaN.
    report.largestDifference = Math.max(report.largestDifference, Math.abs((guest[i] ?? NaN) - logit));
    report.largestLogit = Math.max(report.largestLogit, Math.abs(logit));
  }
}
