import { bytesOf, intensityOf, rateOf, shapeText } from './layers.ts';
import { recordsOf, type RowOf } from './rows.ts';
import type { AssetName } from './assets.ts';
import type { Bare, Envelope, Run } from './task.ts';
import type { LayerProfile, LayerSpan, MemoryPoint, ModelProfile, Timing } from './types.ts';

/** Profiles of models, from the rows that the library tells (src/bindings/model_profile.cpp) to files for other programs. */

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
  /** Begin and length of each layer's work in the last run. */
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
      layers: parseLayers(profile),
      run: parseTiming(profile.timings()),
      spans: recordsOf(profile.spans()),
      memory: done ? recordsOf(profile.memory()) : [],
    }),
  };
}

type TimingRows = ReturnType<ModelProfile['timings']>;

function timingOf({ intervalIsRange, ...seconds }: RowOf<TimingRows>): Timing | null {
  return seconds.count === 0 ? null : { ...seconds, intervalIsRange: intervalIsRange === 1 };
}

/** The timing of the whole run. */
export const parseTiming = (rows: TimingRows): Timing | null => timingOf(recordsOf(rows)[0]!);

/** The layers that a profile tells of. */
export function parseLayers(profile: Pick<ModelProfile, 'names' | 'layers' | 'timings'>): LayerProfile[] {
  const [, ...seconds] = recordsOf(profile.timings()).map(timingOf);
  const names = profile.names().split('\n');
  return recordsOf(profile.layers()).map((row, index) => {
    const [name = '', kind = '', output = '[]'] = names[index]!.split('\t');
    return { name, kind, ...row, seconds: seconds[index]!, output: JSON.parse(output) as number[] };
  });
}

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
