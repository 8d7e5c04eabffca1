/** Round numbers along an axis. */

export interface Axis {
  min: number;
  max: number;
}

/** Round numbers from `low` to at least `high`, `most` steps at most. */
export function niceTicks(low: number, high: number, most: number): number[] {
  const span = Math.max(high - low, 1e-6);
  const power = 10 ** Math.floor(Math.log10(span / most));
  const step = [1, 2, 5, 10, 20].map((factor) => factor * power).find((size) => span / size <= most) ?? 20 * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Rounded, as 3 · 0.1 is not 0.3.
  return Array.from({ length: Math.max(1, last - first) + 1 }, (_, i) => Number(((first + i) * step).toPrecision(9)));
}

/** Whole epochs to write below the axis, from 0 to the last. */
export function epochTicks(epochs: number, most: number): number[] {
  const step = Math.max(1, Math.ceil(epochs / most));
  return Array.from({ length: Math.floor(epochs / step) + 1 }, (_, i) => i * step);
}

/** 1, 2, 5, 10, … within the axis. */
export function decadeTicks(axis: Axis): number[] {
  const ticks: number[] = [];
  for (let decade = 10 ** Math.floor(Math.log10(axis.min)); decade <= axis.max; decade *= 10) {
    ticks.push(...[1, 2, 5].map((step) => step * decade));
  }
  return ticks.filter((tick) => tick >= axis.min * 0.999 && tick <= axis.max);
}

/** Powers of four within the axis. */
export function binaryTicks(axis: Axis): number[] {
  const ticks: number[] = [];
  for (let tick = 4 ** Math.ceil(Math.log(axis.min) / Math.log(4) - 1e-9); tick <= axis.max; tick *= 4)
    ticks.push(tick);
  return ticks;
}
