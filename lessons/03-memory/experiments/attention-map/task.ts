/** Where every head of every layer looks while a model reads a text. */
import { defineQuestion } from '#lab/task.ts';
import { textsOf, tokensOf, type ReadText } from '../read-text.ts';

export interface AttentionMaps {
  tokens: string[];
  /** The text has more tokens than were read. */
  cut: boolean;
  layers: number;
  heads: number;
  kvHeads: number;
  /** [layers, heads, query, key]; 0 where a query doesn't see a key. */
  values: Float32Array;
}

export default defineQuestion({
  module: 'lm',
  async answer(lm, options: ReadText, { open }): Promise<AttentionMaps> {
    const model = await open(options.model, lm.Lm);
    const read = await tokensOf(lm, open, options.text, options.tokens);
    const { layers, heads, kvHeads } = model.config();
    const values = lm.attentionMap(model, options.decoder, read.ids);
    return { tokens: textsOf(read), cut: read.cut, layers, heads, kvHeads, values };
  },
});
