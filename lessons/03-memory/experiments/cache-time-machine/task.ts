/** Reads a text token by token and writes down what the cache of keys and values holds, writes and loses. */
import { defineQuestion } from '#lab/task.ts';
import type { Decoder, Footprint } from '#lab/types.ts';
import { textsOf, tokensOf, type ReadText } from '../read-text.ts';

/** One token of a text read with a cache. */
export interface TraceStep {
  /** The slot that its key and value were written to. */
  slot: number;
  /** The position that was there before, and is lost; null if none was. */
  evicted: number | null;
  /** The position in each slot after this step; null where there is none. All of them are read by this step. */
  slots: (number | null)[];
  /** Of all layers: what is written, read and kept by this step. */
  bytesWritten: number;
  bytesRead: number;
}

export interface CacheTrace {
  /** The text, token by token. */
  tokens: string[];
  steps: TraceStep[];
  layers: number;
  kvHeads: number;
  headSize: number;
  /** Of a cache for the model's longest sequence. */
  footprint: Footprint;
  positions: number;
}

export default defineQuestion({
  module: 'lm',
  async answer(lm, options: ReadText, { keep, open }): Promise<CacheTrace> {
    const model = await open(options.model, lm.Lm);
    const read = await tokensOf(lm, open, options.text, options.tokens);
    const decoder = keep(new lm.Decoder(model, options.decoder));
    const { layers, kvHeads, dim, heads, positions } = model.config();
    const steps: TraceStep[] = [];
    for (let position = 0; position < read.ids.length; ++position) {
      decoder.feed(read.ids.subarray(position, position + 1));
      steps.push(stepOf(decoder, steps.at(-1)?.slots ?? [], position));
    }
    const footprint = decoder.footprint();
    return { tokens: textsOf(read), steps, layers, kvHeads, headSize: dim / heads, footprint, positions };
  },
});

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
