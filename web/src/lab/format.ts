import { kGuestRung } from './guest.ts';
import type { Lane, Peak, VariantInfo } from './types.ts';

/** FLOP/s of a lane at its median, or null before it has one. */
export function flopsPerSecond(lane: Lane): number | null {
  return lane.statistics === null ? null : lane.flops / lane.statistics.median;
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
