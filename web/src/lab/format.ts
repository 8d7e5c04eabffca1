import { kGuestRung } from './guest.ts';
import type { Lane, Peak, VariantInfo } from './types.ts';

/** FLOP/s of a lane at its median, or null before it has one. */
export function flopsPerSecond(lane: Lane): number | null {
  return lane.statistics === null ? null : lane.flops / lane.statistics.median;
}

/** Three significant digits: 0.912, 8.31, 47.2, 131. */
export function threeDigits(value: number): string {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 6));
}

/** "47.2 GFLOP/s"; of integers "47.2 GOP/s". */
export function gigaflops(flops: number, mode = ''): string {
  return `${threeDigits(flops / 1e9)} ${mode === 'int8' ? 'GOP/s' : 'GFLOP/s'}`;
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

/** "31×", "2.4×" */
export function times(factor: number): string {
  return `${factor >= 10 ? Math.round(factor) : factor.toFixed(1)}×`;
}

/**
 * The measured limit of a kernel's arithmetic: that of its own instructions with this number of threads, so that an exact rung is held
 * against multiply and add, a fused one against fused, and an integer rung against its own products. Null before it has been measured.
 */
export function computePeak(peaks: readonly Peak[], isa: string, threads: number): Peak | null {
  return peaks.find((peak) => peak.kind !== 'memory' && peak.name === isa && peak.threads === threads) ?? null;
}

/** The highest compute limit of all, integers not counted. */
export function highestPeak(peaks: readonly Peak[]): Peak | null {
  const compute = peaks.filter((peak) => peak.kind === 'compute');
  return compute.reduce<Peak | null>((best, peak) => (best === null || peak.value > best.value ? peak : best), null);
}

/** Instruction sets as the lessons call them. */
export function isaName(isa: string): string {
  const names: Record<string, string> = {
    wasm128: 'SIMD mul + add',
    'wasm128+relaxed': 'SIMD fused',
    'wasm128 int8 wide': 'integers, 16-bit dot + add',
    'wasm128+relaxed int8 dot': 'integers, 8-bit dot in three steps',
    'wasm128+relaxed int8 fused': 'integers, 8-bit dot in one step',
  };
  return names[isa] ?? isa;
}

/**
 * The registered colour of a rung: by its variant's place on the ladder, so that it is the same in every chart. A prepacked rung, which
 * comes after its variant, has a shade of the variant's; integer rungs have shades of a colour of their own.
 */
export function rungColor(variants: readonly VariantInfo[], name: string): string {
  if (name === kGuestRung) return 'var(--sl-color-white)'; // the text's own colour, which no other rung has
  const index = variants.findIndex((variant) => variant.name === name);
  if (variants[index]?.mode === 'int8') {
    const before = variants.slice(0, index).filter((variant) => variant.mode === 'int8').length;
    return `color-mix(in oklab, var(--lab-int8) ${100 - 25 * Math.min(before, 3)}%, var(--sl-color-white))`;
  }
  const place = variants.slice(0, index + 1).filter((variant) => !variant.prepacked).length;
  const color = `var(--lab-${((Math.max(place, 1) - 1) % 8) + 1})`;
  return variants[index]?.prepacked ? `color-mix(in oklab, ${color} 62%, var(--sl-color-white))` : color;
}
