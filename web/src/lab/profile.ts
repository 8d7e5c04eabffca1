import { bytesOf, intensityOf, rateOf, shapeText } from './layers.ts';
import type { AssetName } from './assets.ts';
import type { Bare, Envelope, Run } from './task.ts';
import type { LayerProfile, LayerSpan, MemoryPoint, ModelProfile, Timing } from './types.ts';

/** Profiles of models, from the rows of numbers that the library tells (src/bindings/profile_model_bindings.cpp) to files for other programs. */

/** What a batch is counted in: images at a time, or tokens of the one sequence that a language model reads. */
export type BatchUnit = 'image' | 'token';

export interface ProfileOptions {
  /** For people and exported files. */
  title: string;
  model: AssetName;
  batch: number;
  variant: string;
  threads: number;
  seconds: number;
}

export interface ProfileReport extends Envelope {
  title: string;
  unit: BatchUnit;
  batch: number;
  variant: string;
  threads: number;
  /** A layer before those inside it. */
  layers: LayerProfile[];
  /** Seconds of one whole run. */
  run: Timing | null;
  /** Of the last run. */
  spans: LayerSpan[];
  /** What the first run allocated; empty until the end. */
  memory: MemoryPoint[];
}

/** A profile at work, of whichever model. */
export function profileRun(
  profile: ModelProfile,
  { title, batch, variant, threads }: ProfileOptions,
  unit: BatchUnit,
): Run<Bare<ProfileReport>> {
  return {
    step: () => profile.step(),
    progress: () => profile.progress(),
    report: (done) => ({
      ...{ title, unit, batch, variant, threads },
      layers: parseLayers(profile.names(), profile.layers()),
      run: parseTiming(profile.run()),
      spans: parseSpans(profile.spans()),
      memory: done ? parseMemory(profile.memory()) : [],
    }),
  };
}

const kLayerFields = 20;
const kTimingAt = 9;
const kRankAt = 15;

export function parseTiming(values: Float64Array): Timing | null {
  const [count = 0, median = 0, low = 0, high = 0, mad = 0, range = 0] = values;
  return count === 0 ? null : { count, median, low, high, mad, intervalIsRange: range === 1 };
}

/** `names` has a line for each layer: name, tab, kind. */
export function parseLayers(names: string, values: Float64Array): LayerProfile[] {
  return names
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      const [name = '', kind = ''] = line.split('\t');
      const row = values.subarray(index * kLayerFields, (index + 1) * kLayerFields);
      const [parent = -1, depth = 0, calls = 0, flops = 0, bytesRead = 0, bytesWritten = 0] = row;
      const [highWater = 0, growth = 0, share = 0] = row.subarray(6);
      const seconds = parseTiming(row.subarray(kTimingAt, kRankAt));
      const output = Array.from(row.subarray(kRankAt + 1, kRankAt + 1 + row[kRankAt]!));
      const work = { calls, flops, bytesRead, bytesWritten };
      return { name, kind, parent, depth, ...work, highWater, growth, share, seconds, output };
    });
}

function rowsOf(values: Float64Array): [number, number, number][] {
  return Array.from({ length: values.length / 3 }, (_, i) => [values[3 * i]!, values[3 * i + 1]!, values[3 * i + 2]!]);
}

export const parseSpans = (values: Float64Array): LayerSpan[] =>
  rowsOf(values).map(([layer, begin, seconds]) => ({ layer, begin, seconds }));

export const parseMemory = (values: Float64Array): MemoryPoint[] =>
  rowsOf(values).map(([seconds, bytes, current]) => ({ seconds, bytes, current }));

const kCsvColumns: readonly [string, (layer: LayerProfile, layers: readonly LayerProfile[]) => string | number][] = [
  ['name', (layer) => layer.name],
  ['kind', (layer) => layer.kind],
  ['parent', (layer, layers) => layers[layer.parent]?.name ?? ''],
  ['output', (layer) => layer.output.join('x')],
  ['calls', (layer) => layer.calls],
  ['seconds', (layer) => layer.seconds?.median ?? ''],
  ['low', (layer) => layer.seconds?.low ?? ''],
  ['high', (layer) => layer.seconds?.high ?? ''],
  ['samples', (layer) => layer.seconds?.count ?? 0],
  ['share', (layer) => layer.share],
  ['flops', (layer) => layer.flops],
  ['bytes_read', (layer) => layer.bytesRead],
  ['bytes_written', (layer) => layer.bytesWritten],
  ['flops_per_byte', intensityOf],
  ['flops_per_second', (layer) => rateOf(layer) ?? ''],
  ['memory_growth', (layer) => layer.growth],
];

/** A heading and a row for each layer (RFC 4180, but lines end in \n); seconds, bytes, FLOPs. */
export function csvOf({ layers }: ProfileReport): string {
  const cell = (value: string | number) => {
    const text = String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = layers.map((layer) => kCsvColumns.map(([, of]) => cell(of(layer, layers))).join(','));
  return [kCsvColumns.map(([name]) => name).join(','), ...rows, ''].join('\n');
}

/** The last run in Chrome's trace event format, for chrome://tracing and Perfetto: a complete event ("X", µs) for each layer. */
export function traceOf(report: ProfileReport): string {
  const { title, batch, variant, threads, layers, spans } = report;
  const microseconds = (seconds: number) => Math.round(seconds * 1e9) / 1e3;
  const events = spans.flatMap(({ layer: index, begin, seconds }) => {
    const layer = layers[index];
    if (layer === undefined) return [];
    const args = { flops: layer.flops, bytes: bytesOf(layer), output: shapeText(layer).replaceAll('×', 'x') };
    const times = { ts: microseconds(begin), dur: microseconds(seconds) };
    return [{ name: layer.name, cat: layer.kind, ph: 'X', ...times, pid: 1, tid: 1, args }];
  });
  const process = { name: 'process_name', ph: 'M', pid: 1, tid: 1, args: { name: `OptLab: ${title}` } };
  const otherData = { batch, variant, threads };
  return `${JSON.stringify({ traceEvents: [process, ...events], displayTimeUnit: 'ms', otherData }, null, 1)}\n`;
}
