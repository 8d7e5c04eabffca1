import { windowField } from '../cache-policy.ts';
import { kStorages } from '../cache-views.ts';
import { oneOf, threads, type ValuesOf } from '#kit/fields.ts';
import type { PolicyReport } from './task.ts';
import { browserName } from '#lab/export.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import { differenceOf, scoreOf, type Difference, type Score } from './perplexity.ts';
import type { EngineInfo } from '#lab/protocol.ts';
import { median } from '#lab/statistics.ts';
import { threeDigits } from '#lab/text.ts';

/** What the policy explorer varies, and what it makes of the points that were tried. */

export const kWeights: readonly DecoderSettings['weights'][] = ['f32', 'fp16', 'int8', 'int8-dot', 'int4'];
export const kSlices = [1024, 2048, 4096, 8192, 16384];
/** As many key and value heads as the committed models can be given, and what that is called. */
export const kHeads: readonly { kvHeads: number; name: string }[] = [
  { kvHeads: 6, name: '6, one a query head (MHA)' },
  { kvHeads: 3, name: '3, as trained (GQA)' },
  { kvHeads: 1, name: '1 for all (MQA)' },
];
/** Both models are trained so. */
export const kTrainedHeads = 3;

/** Windows of text in which perplexity is measured, as `optlab eval lm --stride 128` does. */
export const kContext = 256;
export const kStride = 128;

/** `heads` and `cache` in the address. */
export const kFields = {
  model: oneOf('Model', ['tiny', 'lm'], 'tiny', (name) => (name === 'lm' ? 'moby-lm, 5 MB' : 'moby-lm-tiny, 1 MB')),
  window: windowField([0, 16, 32, 64, 128], 0),
  sinks: oneOf('Sinks', [0, 1, 2, 4, 8], 4),
  kvHeads: {
    ...oneOf(
      'Key/value heads',
      kHeads.map(({ kvHeads }) => kvHeads),
      kTrainedHeads,
      (count) => kHeads.find(({ kvHeads }) => kvHeads === count)?.name ?? '',
    ),
    key: 'heads',
  },
  storage: { ...oneOf('Cache', kStorages), key: 'cache' },
  weights: oneOf('Weights', kWeights),
  /** Of the validation text. */
  tokens: oneOf('Text', kSlices, 4096, (count) => `${count.toLocaleString('en')} tokens`),
  threads: threads(),
};
export type PolicySettings = ValuesOf<typeof kFields>;

/** What differs from keeping everything as it was trained: "window 64 + 4, MQA, cache int8". */
export function policyName({ window, sinks, kvHeads, storage, weights }: PolicySettings): string {
  const parts = [
    window === 0 ? '' : `window ${window}${sinks > 0 ? ` + ${sinks}` : ''}`,
    kvHeads === kTrainedHeads ? '' : kvHeads === 1 ? 'MQA' : 'MHA',
    storage === 'f32' ? '' : `cache ${storage}`,
    weights === 'f32' ? '' : `weights ${weights}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'everything, f32' : parts.join(', ');
}

/** A point that was tried, to its end or until it was stopped. */
export interface PolicyPoint {
  settings: PolicySettings;
  report: PolicyReport;
}

export interface PointFigures {
  cacheBytes: number;
  weightBytes: number;
  /** Seconds a token in the fastest round: whatever else the machine does makes a round slower, never faster. And in the median round. */
  seconds: number;
  medianSeconds: number;
  score: Score;
}

/** Null while something has not been measured. */
export function figuresOf({ report }: PolicyPoint): PointFigures | null {
  if (report.rounds.length === 0 || report.losses.length < 2) return null;
  return {
    cacheBytes: report.footprint.total,
    weightBytes: report.weightBytes,
    seconds: Math.min(...report.rounds),
    medianSeconds: median(report.rounds),
    score: scoreOf(report.losses, report.bytes),
  };
}

/** "14,571" tokens per second, or "8.31". */
export function rateText(seconds: number): string {
  const rate = 1 / seconds;
  return rate >= 1000 ? Math.round(rate).toLocaleString('en') : threeDigits(rate);
}

const sameTask = (a: PolicySettings, b: PolicySettings): boolean => a.model === b.model && a.tokens === b.tokens;
const isBaseline = ({ window, kvHeads, storage, weights }: PolicySettings): boolean =>
  window === 0 && kvHeads === kTrainedHeads && storage === 'f32' && weights === 'f32';

/** Bits per byte more than keeping everything costs, on the same tokens; null if that has not been measured. */
export function costOf(point: PolicyPoint, points: readonly PolicyPoint[]): Difference | null {
  const baseline = points.find(
    ({ settings, report }) => isBaseline(settings) && sameTask(settings, point.settings) && !report.stopped,
  );
  if (baseline === undefined || baseline === point) return null;
  return differenceOf(point.report.losses, baseline.report.losses, point.report.bytes);
}

/**
 * The points that no other of the same model and text is as good as in all of memory (cache and weights), time and bits per byte, and better
 * in one. Times within 5 % of each other are taken for equal.
 */
export function paretoFront(points: readonly PolicyPoint[]): PolicyPoint[] {
  const known = points.flatMap((point) => {
    const figures = point.report.stopped ? null : figuresOf(point);
    return figures === null ? [] : [{ point, values: objectives(figures) }];
  });
  return known
    .filter(({ point, values }) =>
      known.every(
        (other) =>
          other.point === point || !sameTask(other.point.settings, point.settings) || !beats(other.values, values),
      ),
    )
    .map(({ point }) => point);
}

const objectives = ({ cacheBytes, weightBytes, seconds, score }: PointFigures): number[] => [
  cacheBytes + weightBytes,
  seconds,
  score.bitsPerByte,
];

/** By how much measured times must differ to count: less is what two runs of the same policy differ by. Memory and losses are exact. */
const kTimeNoise = 0.05;
const kTolerances = [0, kTimeNoise, 0];

const beats = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((value, i) => value <= b[i]! * (1 + kTolerances[i]!)) &&
  a.some((value, i) => value < b[i]! * (1 - kTolerances[i]!));

/** A new point takes the place of one with the same settings. */
export function withPoint(points: readonly PolicyPoint[], point: PolicyPoint): PolicyPoint[] {
  const key = JSON.stringify(point.settings);
  return [...points.filter(({ settings }) => JSON.stringify(settings) !== key), point];
}

export interface PolicyContext {
  recorded: Date;
  page: string;
  userAgent: string;
  engine: EngineInfo | undefined;
}

/** All points as they are exported; losses are left out, what they say is not. */
export function policyRecord(points: readonly PolicyPoint[], { recorded, page, userAgent, engine }: PolicyContext) {
  return {
    kind: 'cache-policies',
    schema: 1,
    recorded: recorded.toISOString(),
    browser: browserName(userAgent),
    page,
    engine,
    context: kContext,
    stride: kStride,
    points: points.map((point) => {
      const { losses: _, ...report } = point.report;
      return {
        name: policyName(point.settings),
        settings: point.settings,
        ...report,
        figures: figuresOf(point),
        cost: costOf(point, points),
      };
    }),
  };
}
