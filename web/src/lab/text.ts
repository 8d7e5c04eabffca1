/** Numbers as a reader sees them: one function for each way of writing one. */

/** Three significant digits: 0.912, 8.31, 47.2, 131. */
export function threeDigits(value: number): string {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 6));
}

/** "12,300" */
export const thousands = (value: number): string => Math.round(value).toLocaleString('en');

/** A count with a prefix: 31.2 M, 4.7 k. */
export function countText(value: number): string {
  for (const [size, letter] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= size) return `${threeDigits(value / size)} ${letter}`;
  }
  return String(value);
}

/** "1,817 of 2,000" */
export function countOf(part: number, whole: number): string {
  return `${part.toLocaleString('en')} of ${whole.toLocaleString('en')}`;
}

/** Where a reader of pages is: "1–36 of 2,000", "none" of nothing. */
export function pagePosition(page: number, perPage: number, count: number): string {
  if (count === 0) return 'none';
  const last = Math.min(count, (page + 1) * perPage);
  return `${(page * perPage + 1).toLocaleString('en')}–${countOf(last, count)}`;
}

/** "90.85 %": one image of 2,000 is 0.05 %. */
export function percent(fraction: number, decimals = 2): string {
  return `${(100 * fraction).toFixed(decimals)} %`;
}

/** "31×", "2.4×" */
export function times(factor: number): string {
  return `${factor >= 10 ? Math.round(factor) : factor.toFixed(1)}×`;
}

/** Seconds in the unit that reads best. */
export function duration(seconds: number): string {
  if (seconds >= 1) return `${threeDigits(seconds)} s`;
  if (seconds >= 1e-3) return `${threeDigits(seconds * 1e3)} ms`;
  return `${threeDigits(seconds * 1e6)} µs`;
}

/** 65536 → "64 KiB" */
export function byteSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    ++unit;
  }
  return `${Number.isInteger(value) ? value : threeDigits(value)} ${units[unit]}`;
}

/** "47.2 GFLOP/s"; of integers "47.2 GOP/s". */
export function gigaflops(flops: number, mode = ''): string {
  return `${threeDigits(flops / 1e9)} ${mode === 'int8' ? 'GOP/s' : 'GFLOP/s'}`;
}
