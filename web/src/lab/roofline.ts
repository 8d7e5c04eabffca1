import { flopsPerSecond } from './format.ts';
import type { Axis } from './ticks.ts';
import type { Envelope } from './task.ts';
import type { Lane, Peak } from './types.ts';

/** The arithmetic of a roofline plot: logarithmic axes, what to draw of the measured limits, where the dots lie. No pixels of its own. */

export interface ProbeReport extends Envelope {
  peaks: Peak[];
  /** What was measured for the peaks. */
  lanes: Lane[];
}

export interface Dot {
  name: string;
  /** FLOP per byte of the least possible traffic. */
  intensity: number;
  /** FLOP/s. */
  rate: number;
  low: number;
  high: number;
}

/** 0…1 along a logarithmic axis. */
export function logPosition(axis: Axis, value: number): number {
  return Math.log(value / axis.min) / Math.log(axis.max / axis.min);
}

export function dotsOf(lanes: readonly Lane[]): Dot[] {
  return lanes.flatMap((lane) => {
    const rate = flopsPerSecond(lane);
    if (rate === null || lane.statistics === null || lane.bytes <= 0) return [];
    const { low, high } = lane.statistics;
    return [
      { name: lane.name, intensity: lane.flops / lane.bytes, rate, low: lane.flops / high, high: lane.flops / low },
    ];
  });
}

/** Limits this close count as equal; one thread may saturate the memory, and the others then cost a little. */
const kSameWithin = { compute: 0.02, integer: 0.02, memory: 0.1 };

/** The limits cannot be trusted: fewer than half of the lanes settled, or all threads together were slower than one. */
export function isUnsteadyProbe({ peaks, lanes, stopped }: ProbeReport): boolean {
  if (stopped) return false;
  const settled = lanes.filter((lane) => lane.settled).length;
  const slowed = peaks.some((all) =>
    peaks.some(
      (one) =>
        one.threads === 1 &&
        all.threads > 1 &&
        one.kind === all.kind &&
        one.name === all.name &&
        one.bytes === all.bytes &&
        all.value < one.value * (1 - kSameWithin[one.kind]),
    ),
  );
  return slowed || settled < lanes.length / 2;
}

/** What a kernel of this intensity can reach at most: min(compute, intensity · bandwidth), with these limits. */
export function attainable(compute: number, bandwidth: number, intensity: number): number {
  return Math.min(compute, bandwidth * intensity);
}

/** The limits that bound the plot, for each number of threads: every compute peak, the fastest and the slowest memory. */
export function drawnPeaks(peaks: readonly Peak[]): Peak[] {
  const drawn: Peak[] = peaks.filter((peak) => peak.kind === 'compute');
  for (const threads of new Set(peaks.map((peak) => peak.threads))) {
    const memory = peaks
      .filter((peak) => peak.kind === 'memory' && peak.threads === threads)
      .sort((a, b) => a.bytes - b.bytes);
    const ends = [memory.at(0), memory.at(-1)].filter((peak) => peak !== undefined);
    drawn.push(...new Set(ends));
  }
  return drawn;
}

/** Whole powers of two around the dots on x, whole decades around everything on y. */
export function axesFor(peaks: readonly Peak[], dots: readonly Dot[]): { x: Axis; y: Axis } {
  const intensities = [0.25, 128, ...dots.map((dot) => dot.intensity)];
  const x = {
    min: 2 ** Math.floor(Math.log2(Math.min(...intensities)) - 0.5),
    max: 2 ** Math.ceil(Math.log2(Math.max(...intensities)) + 0.5),
  };
  const compute = peaks.filter((peak) => peak.kind === 'compute').map((peak) => peak.value);
  const memory = peaks.filter((peak) => peak.kind === 'memory').map((peak) => peak.value * x.min * 2);
  const rates = [...compute, ...memory, ...dots.flatMap((dot) => [dot.low, dot.high])];
  if (rates.length === 0) rates.push(1e9, 1e11);
  const y = { min: halfDecadeBelow(Math.min(...rates)), max: Math.max(...rates) * 1.6 };
  return { x, y };
}

/** The largest of 1, 2, 5 · 10^k that leaves some room below `value`. */
function halfDecadeBelow(value: number): number {
  const room = value / 1.3;
  const decade = 10 ** Math.floor(Math.log10(room));
  return ([5, 2, 1].find((step) => step * decade <= room) ?? 1) * decade;
}
