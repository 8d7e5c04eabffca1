// The targets that compare OptLab with the device's own limits, and one thread with two.
import { ratioText, speeds } from './figures.ts';
import { kWebSet } from './lanes.ts';
import { bootstrap, summarize, verdict } from './statistics.ts';
import type { Peak, TaskResult } from './types.ts';

type Samples = number[];

/** What the rows below draw from: samples of one shape. */
interface Source {
  lane(id: string): Samples;
  peak(wanted: (peak: Peak) => boolean): Samples;
}

interface Limit {
  shape: string;
  what: string;
  target: number;
  samples(source: Source): Samples[];
  value(medians: readonly number[]): number;
}

const kFused = (threads: number) => (peak: Peak) => peak.kind === 'compute' && peak.fused && peak.threads === threads;
const kMulAdd = (peak: Peak) =>
  peak.kind === 'compute' && !peak.fused && peak.name.startsWith('wasm128') && peak.threads === 1;
const kRead = (bytes: number) => (peak: Peak) => peak.kind === 'memory' && peak.bytes === bytes && peak.threads === 1;

const share = ([ours = NaN, limit = NaN]: readonly number[]) => ours / limit;
/** A product with a vector does two FLOPs for every four bytes of B. */
const kBytesPerFlop = 2;

function scaling(shape: string): Limit {
  return {
    shape,
    what: 'fast: gain by the second thread ÷ the probe’s',
    target: 0.95,
    samples: ({ lane, peak }) => [lane('ours/2/fast'), lane('ours/1/fast'), peak(kFused(2)), peak(kFused(1))],
    value: ([two = NaN, one = NaN, peakTwo = NaN, peakOne = NaN]) => two / one / (peakTwo / peakOne),
  };
}

const kLimits: readonly Limit[] = [
  {
    shape: '1024³',
    what: 'fast, one thread ÷ relaxed-SIMD peak',
    target: 0.84,
    samples: ({ lane, peak }) => [lane('ours/1/fast'), peak(kFused(1))],
    value: share,
  },
  {
    shape: '1024³',
    what: 'exact, one thread ÷ mul + add peak',
    target: 0.8,
    samples: ({ lane, peak }) => [lane('ours/1/exact'), peak(kMulAdd)],
    value: share,
  },
  scaling('512³'),
  scaling('1024³'),
  {
    shape: '1024³',
    what: 'fast ÷ LiteRT.js, two threads',
    target: 1.35,
    samples: ({ lane }) => [lane('ours/2/fast'), lane('litert/2/-')],
    value: share,
  },
  {
    shape: '1×2048²',
    what: 'fast, bytes of B read ÷ probe reading 16 MiB, one thread',
    target: 0.9,
    samples: ({ lane, peak }) => [lane('ours/1/fast').map((x) => x * kBytesPerFlop), peak(kRead(2 ** 24))],
    value: share,
  },
];

function source(result: TaskResult): Source {
  return {
    lane: (id) => {
      const found = result.lanes.find((lane) => lane.id === id && lane.set === kWebSet);
      return found ? speeds(result, found) : [];
    },
    peak: (wanted) => result.peaks.flatMap((round) => round.filter(wanted).map(({ value }) => 1e-9 * value)),
  };
}

/** Rows of the table: shape, what, value, target, verdict. */
export function limitRows(tasks: readonly TaskResult[]): string[][] {
  return kLimits.flatMap(({ shape, what, target, samples, value }) => {
    const result = tasks.find(({ task }) => task.name === shape);
    if (!result) return [];
    const given = samples(source(result));
    if (given.some(({ length }) => length === 0))
      return [[shape, what, '–', `≥ ${target}`, 'no verdict (not measured)']];
    const ratio = bootstrap(given, value);
    return [[shape, what, ratioText(ratio), `≥ ${target}`, verdict(ratio, target, given.map(summarize))]];
  });
}
