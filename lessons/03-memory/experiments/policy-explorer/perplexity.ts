/** What a model makes of a text, from the losses of its tokens. Losses are -log p in nats. */

export interface Score {
  tokens: number;
  bytes: number;
  bitsPerByte: number;
  /** exp of the mean loss of a token. */
  perplexity: number;
  /**
   * Standard errors: how much another text of this length and kind might give. Neighbouring tokens are taken for independent, which they
   * are not quite.
   */
  bitsPerByteError: number;
  perplexityError: number;
}

/** `bytes`: of the text that the tokens are. */
export function scoreOf(losses: ArrayLike<number>, bytes: number): Score {
  const { mean, error, count } = meanOf(losses);
  const perplexity = Math.exp(mean);
  const perByte = count / Math.LN2 / bytes;
  return {
    tokens: count,
    bytes,
    bitsPerByte: mean * perByte,
    perplexity,
    bitsPerByteError: error * perByte,
    perplexityError: perplexity * error,
  };
}

export interface Difference {
  /** Bits per byte more than the other. */
  bitsPerByte: number;
  error: number;
}

/**
 * One against another on the same tokens, pair by pair: what makes a token hard is hard for both, so that the difference is known far better
 * than either. Null unless there are as many tokens.
 */
export function differenceOf(losses: ArrayLike<number>, baseline: ArrayLike<number>, bytes: number): Difference | null {
  if (losses.length !== baseline.length || losses.length === 0) return null;
  const { mean, error, count } = meanOf(Float64Array.from(losses, (loss, i) => loss - baseline[i]!));
  const perByte = count / Math.LN2 / bytes;
  return { bitsPerByte: mean * perByte, error: error * perByte };
}

function meanOf(values: ArrayLike<number>): { mean: number; error: number; count: number } {
  const count = values.length;
  let sum = 0;
  for (let i = 0; i < count; ++i) sum += values[i]!;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; ++i) squares += (values[i]! - mean) ** 2;
  return { mean, error: count < 2 ? 0 : Math.sqrt(squares / (count - 1) / count), count };
}
