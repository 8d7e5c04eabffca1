import type { BatchUnit, ProfileReport } from './profile.ts';
import { attainable, type Dot } from './roofline.ts';
import type { LayerProfile, Peak, Timing } from './types.ts';
import { countText } from './text.ts';

/** What a profile says of a model's layers. */

export const bytesOf = (layer: LayerProfile): number => layer.bytesRead + layer.bytesWritten;
/** FLOP per byte, 0 of a layer that moves nothing. */
export const intensityOf = (layer: LayerProfile): number => {
  const bytes = bytesOf(layer);
  return bytes === 0 ? 0 : layer.flops / bytes;
};
/** FLOP/s at the median, or null. */
export const rateOf = (layer: LayerProfile): number | null =>
  layer.seconds === null || layer.seconds.median <= 0 ? null : layer.flops / layer.seconds.median;
/** Bytes per second at the median, or null. */
export const bandwidthOf = (layer: LayerProfile): number | null =>
  layer.seconds === null || layer.seconds.median <= 0 ? null : bytesOf(layer) / layer.seconds.median;

export const shapeText = (layer: LayerProfile): string => layer.output.join('×');

export type Column = 'order' | 'seconds' | 'share' | 'flops' | 'bytes' | 'rate' | 'intensity' | 'growth';

/** The layers by a column, the largest first; in the order in which they run for 'order'. Layers inside others follow their parents then. */
export function sortLayers(layers: readonly LayerProfile[], column: Column, descending: boolean): LayerProfile[] {
  if (column === 'order') return descending ? [...layers] : [...layers].reverse();
  const key: Record<Exclude<Column, 'order'>, (layer: LayerProfile) => number> = {
    seconds: (layer) => layer.seconds?.median ?? 0,
    share: (layer) => layer.share,
    flops: (layer) => layer.flops,
    bytes: bytesOf,
    rate: (layer) => rateOf(layer) ?? 0,
    intensity: intensityOf,
    growth: (layer) => layer.growth,
  };
  const sign = descending ? -1 : 1;
  return [...layers].sort((a, b) => sign * (key[column](a) - key[column](b)));
}

/** Layers that contain no others: these do the work, and no two of them at the same time. */
export function innermost(layers: readonly LayerProfile[]): LayerProfile[] {
  const parents = new Set(layers.map(({ parent }) => parent));
  return layers.filter((_, index) => !parents.has(index));
}

/** Innermost layers that are looked at together: each alone, or in a language model, which repeats its blocks, all of a kind. */
function groups({ layers, unit }: ProfileReport): { name: string; layers: LayerProfile[] }[] {
  const found = new Map<string, LayerProfile[]>();
  for (const layer of innermost(layers)) {
    const name = unit === 'token' ? layer.kind : layer.name;
    found.set(name, [...(found.get(name) ?? []), layer]);
  }
  return [...found].map(([name, of]) => ({ name, layers: of }));
}

/** Where most of the time goes: a layer, or in a language model a kind of layers; with the names of the layers. */
export function slowest(report: ProfileReport): { name: string; share: number; layers: string[] } | null {
  const shares = groups(report).map(({ name, layers }) => ({
    name,
    share: layers.reduce((sum, { share }) => sum + share, 0),
    layers: layers.map((layer) => layer.name),
  }));
  return shares.sort((a, b) => b.share - a.share).at(0) ?? null;
}

/** "1 image", "64 tokens" */
export const batchText = (batch: number, unit: BatchUnit): string => `${batch} ${unit}${batch === 1 ? '' : 's'}`;

export interface LayerDot extends Dot {
  kind: string;
  batch: number;
  bytes: number;
  seconds: number;
}

/**
 * The layers that calculate, as dots of a roofline; those that only move numbers have no place on it. Layers of a language model that are alike
 * share a dot, of their mean: "SwiGlu ×3".
 */
export function layerDots(report: ProfileReport): LayerDot[] {
  return groups(report).flatMap(({ layers }) => {
    const [first] = layers;
    const timed = layers.flatMap(({ seconds }) => (seconds === null ? [] : [seconds]));
    if (first === undefined || intensityOf(first) === 0 || timed.length < layers.length) return [];
    const mean = (of: (time: Timing) => number) => timed.reduce((sum, time) => sum + of(time), 0) / timed.length;
    const seconds = mean(({ median }) => median);
    if (seconds <= 0) return []; // shorter than the clock can tell
    return [
      {
        name: layers.length === 1 ? first.name : `${first.kind} ×${layers.length}`,
        kind: first.kind,
        batch: report.batch,
        bytes: bytesOf(first),
        seconds,
        intensity: intensityOf(first),
        rate: first.flops / seconds,
        low: first.flops / mean(({ high }) => high),
        high:
          first.flops /
          Math.max(
            mean(({ low }) => low),
            1e-12,
          ),
      },
    ];
  });
}

export interface Bound {
  /** What limits: 'memory' or 'arithmetic', whichever roof is lower here. */
  by: 'memory' | 'arithmetic';
  /** FLOP/s of the roof above the dot. */
  roof: number;
  /** The dot as a fraction of it. */
  share: number;
  compute: Peak;
  memory: Peak;
}

/** Below this share of its roof a layer is limited by something that a roofline doesn't show. */
export const kFarBelow = 0.25;

/**
 * The roof above a dot with these limits of the device: the compute limit of the rung's instruction set, and the bandwidth of the smallest
 * probed piece of memory that holds the layer's bytes (the largest, if none does). Null before they have been measured.
 */
export function boundOf(
  dot: Pick<LayerDot, 'intensity' | 'rate' | 'bytes'>,
  peaks: readonly Peak[],
  isa: string,
  threads: number,
): Bound | null {
  const of = (kind: Peak['kind']) => peaks.filter((peak) => peak.kind === kind && peak.threads === threads);
  const compute = of('compute').find((peak) => peak.name === isa) ?? of('compute').at(0);
  const sizes = of('memory').sort((a, b) => a.bytes - b.bytes);
  const memory = sizes.find((peak) => peak.bytes >= dot.bytes) ?? sizes.at(-1);
  if (compute === undefined || memory === undefined) return null;
  const roof = attainable(compute.value, memory.value, dot.intensity);
  return {
    by: dot.intensity * memory.value < compute.value ? 'memory' : 'arithmetic',
    roof,
    share: dot.rate / roof,
    compute,
    memory,
  };
}

/** "memory, 62 % of what it allows" */
export function boundText(bound: Bound | null): string {
  if (bound === null) return '–';
  const share = `${Math.round(100 * bound.share)} %`;
  return bound.share < kFarBelow ? `neither: ${share} of the ${bound.by} roof` : `${bound.by}, ${share} of its roof`;
}

export type BoundClass = 'memory' | 'arithmetic' | 'neither';

/** What limits a layer, or that neither roof is near. */
export function boundClass(bound: Bound | null): BoundClass {
  return bound === null || bound.share < kFarBelow ? 'neither' : bound.by;
}

/** How many times less an image (or a token) takes in the largest batch than in the smallest; null without two of them. */
export function speedUpPerItem(reports: readonly ProfileReport[]): number | null {
  const measured = reports.filter(({ run }) => run !== null).sort((a, b) => a.batch - b.batch);
  const [first, last] = [measured.at(0), measured.at(-1)];
  if (first?.run == null || last?.run == null || first === last) return null;
  return first.run.median / first.batch / (last.run.median / last.batch);
}

/** Half of the intervals are wider than a quarter of their median: something else is at work on this machine. */
export function isUnsteadyProfile(reports: readonly ProfileReport[]): boolean {
  const wide = reports.filter(({ run }) => run !== null && run.high - run.low > 0.25 * run.median).length;
  return reports.length > 0 && wide >= reports.length / 2;
}

export const kUnsteadyProfile =
  'These times are unsteady, their intervals wide: something else is using this machine, or its clock is changing. Measure again when it is quiet.';

/** "31.2 MFLOP", "640 FLOP" */
export const flopText = (value: number): string => `${countText(value)}${value < 1000 ? ' ' : ''}FLOP`;

/** Batches that the page offers, and those of a sweep. */
export const kBatches = [1, 4, 16, 64, 256];
