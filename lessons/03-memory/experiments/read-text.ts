/** The beginning of a text as a language model's tokens, for tasks that look at what a model does with it. */
import type { Asset } from '#lab/assets.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import type { TaskHost } from '#lab/task.ts';
import type { LmModule } from '#lab/types.ts';

/** A language model and the text that it reads. */
export interface ReadText {
  model: Asset;
  text: string;
  /** At most. */
  tokens: number;
  decoder: DecoderSettings;
}

export interface Tokens {
  ids: Int32Array;
  /** Where each ends in the text's bytes. */
  ends: Int32Array;
  bytes: Uint8Array;
  cut: boolean;
}

/** The first tokens of a text. */
export async function tokensOf(lm: LmModule, open: TaskHost['open'], text: string, most: number): Promise<Tokens> {
  const tokenizer = await open('tokenizer', lm.Tokenizer);
  const all = tokenizer.encode(text);
  const ids = all.subarray(0, most);
  if (ids.length === 0) throw new RangeError('The text is empty; a model needs a token to begin with');
  const bytes = new TextEncoder().encode(text);
  return { ids, ends: lm.tokenEnds(tokenizer, ids), bytes, cut: all.length > most };
}

/** The text of each token; bytes of a character that is cut in two show as �. */
export function textsOf({ ends, bytes }: Tokens): string[] {
  const decoder = new TextDecoder();
  return Array.from(ends, (end, i) => decoder.decode(bytes.subarray(i === 0 ? 0 : ends[i - 1], end)));
}
