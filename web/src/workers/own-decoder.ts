import type { OwnDecoderOptions, OwnDecoderReport } from '../lab/own-decoder.ts';
import type { LmModule } from '../lab/types.ts';
import type { Loop } from './training-run.ts';

/** The likeliest token, the lowest one on ties: what a temperature of 0 takes. */
function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; ++i) if ((logits[i] ?? -Infinity) > (logits[best] ?? -Infinity)) best = i;
  return best;
}

/**
 * A decoder whose steps are the guest's writes a text, token by token; after each the library's decoder computes the same position, so that
 * both are measured under the same load. `module` has the guest already.
 */
export async function compareDecoders(
  module: LmModule,
  options: OwnDecoderOptions,
  onProgress: (report: OwnDecoderReport) => void,
  loop: Loop,
): Promise<OwnDecoderReport> {
  const handles: { delete(): void }[] = [];
  const keep = <T extends { delete(): void }>(handle: T): T => {
    handles.push(handle);
    return handle;
  };
  try {
    const model = keep(new module.Lm(options.model));
    const tokenizer = options.tokenizer && keep(new module.Tokenizer(options.tokenizer));
    const prompt = promptOf(options, tokenizer);
    const library = keep(new module.Decoder(model, options.decoder));
    const own = keep(new module.Decoder(model, { ...options.decoder, own: true }));
    const run = keep(new module.Generation(own, tokenizer, { ...kLikeliest, prompt, count: options.count }));
    const report: OwnDecoderReport = {
      ...{ prompt: prompt.length, text: '', ids: [], ownSeconds: [], librarySeconds: [], libraryIds: [] },
      ...{ largestDifference: 0, largestLogit: 0, progress: 0, done: false, stopped: false },
    };
    let next = prompt;
    const step = () => {
      if (run.done()) return false;
      const { id, text, seconds } = run.step();
      report.librarySeconds.push(library.feed(next));
      report.ownSeconds.push(seconds);
      report.ids.push(id);
      report.text += text;
      next = Int32Array.of(id);
      compareLogits(own.logits(), library.logits(), report);
      report.progress = report.ids.length / options.count;
      return !run.done();
    };
    const stopped = await loop(
      step,
      () => onProgress(structuredClone(report)),
      () => false,
    );
    return { ...report, progress: 1, done: true, stopped };
  } finally {
    for (const handle of handles.toReversed()) handle.delete();
  }
}

const kLikeliest = {
  ...{ cached: true, temperature: 0, topK: 0, topP: 1, repetitionPenalty: 1, repetitionWindow: 64, seed: 1 },
  ...{ stopTokens: new Int32Array(), stopTexts: [], shift: false },
};

function promptOf({ prompt }: OwnDecoderOptions, tokenizer: InstanceType<LmModule['Tokenizer']> | null): Int32Array {
  if (typeof prompt !== 'string') return Int32Array.from(prompt);
  if (tokenizer === null) throw new RangeError('A text as prompt needs a tokenizer');
  return tokenizer.encode(prompt);
}

function compareLogits(own: Float32Array, library: Float32Array, report: OwnDecoderReport): void {
  report.libraryIds.push(likeliest(library));
  for (const [i, logit] of library.entries()) {
    // Math.max keeps a NaN.
    report.largestDifference = Math.max(report.largestDifference, Math.abs((own[i] ?? NaN) - logit));
    report.largestLogit = Math.max(report.largestLogit, Math.abs(logit));
  }
}
