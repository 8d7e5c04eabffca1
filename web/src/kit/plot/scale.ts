import { niceTicks } from '#lab/ticks.ts';

/** An axis' values: what it spans, where it has ticks, and how far along it (0 to 1) a value lies. */
export interface Scale {
  low: number;
  high: number;
  ticks: readonly number[];
  share: (value: number) => number;
}

export const linear = (low: number, high: number, ticks: readonly number[]): Scale => ({
  low,
  high,
  ticks,
  share: (value) => (value - low) / (high - low),
});

export const logarithmic = (low: number, high: number, ticks: readonly number[]): Scale => ({
  low,
  high,
  ticks,
  share: (value) => Math.log(value / low) / Math.log(high / low),
});

/** Begins and ends with a round tick around all values and `from`. */
export function betweenTicks(values: readonly number[], most: number, from = 0): Scale {
  const ticks = niceTicks(from, Math.max(...values), most);
  return linear(ticks[0]!, ticks.at(-1)!, ticks);
}

/** From 0 to the largest value. */
export function fromZero(values: readonly number[], most: number): Scale {
  const high = Math.max(...values);
  return linear(
    0,
    high,
    niceTicks(0, high, most).filter((tick) => tick <= high),
  );
}

/** A margin of an eighth of the values' span on both sides, not below 0; ticks are within. */
export function around(values: readonly number[], most: number): Scale {
  const [least, largest] = [Math.min(...values), Math.max(...values)];
  const span = largest > least ? largest - least : Math.max(Math.abs(largest) * 0.1, 1e-9);
  const [low, high] = [Math.max(0, least - 0.12 * span), largest + 0.12 * span];
  const ticks = niceTicks(low, high, most).filter((tick) => tick >= low && tick <= high);
  return linear(low, high, ticks);
}

/** Logarithmic, from one whole power of `base` to another around all values. */
export function powers(values: readonly number[], most: number, base: number): Scale {
  const power = (value: number) => Math.log(value) / Math.log(base);
  const low = Math.floor(power(Math.min(...values)) + 1e-9);
  const top = Math.max(low + 1, Math.ceil(power(Math.max(...values)) - 1e-9));
  const stride = Math.max(1, Math.ceil((top - low) / most));
  const ticks = Array.from({ length: Math.floor((top - low) / stride) + 1 }, (_, i) => base ** (low + i * stride));
  return logarithmic(base ** low, base ** top, ticks);
}
