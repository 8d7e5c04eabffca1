import { duration, flopsPerSecond } from './format.ts';
import type { Bare, Envelope } from './task.ts';
import type { Blocking, EngineLane, Lane, VariantInfo } from './types.ts';

/** A race of the ladder's rungs, and what it says. */

export interface RaceOptions {
  m: number;
  k: number;
  n: number;
  variants: string[];
  threads: number;
  /** Time for all lanes together. */
  seconds: number;
}

export interface RaceReport extends Envelope {
  options: RaceOptions;
  lanes: Lane[];
  /** One per lane; null until the lane has run. */
  digests: (string | null)[];
  /** The blocks that products were cut into. */
  blocking: Blocking;
  memory: RaceMemory;
  /** The lane whose batch runs next; null at the end. */
  atWork: number | null;
  /** Every sample of each lane, at the end: for the export. */
  samples?: number[][];
}

/** Beside the operands, in bytes. */
export interface RaceMemory {
  /** The most scratch that any rung has needed. */
  scratch: number;
  /** B in panels, as each prepacked rung keeps it; 0 without such a rung. */
  packed: number;
}

/** The lanes of whatever races. Embind gives undefined for an empty optional; JSON and the page want null. */
export const lanesOf = (race: { lanes(): EngineLane[] }): Lane[] =>
  race.lanes().map((lane) => ({ ...lane, statistics: lane.statistics ?? null }));

/** Seconds of one warm-up batch after which the engine surely goes on; it allows a rung 0.24 s in the page's races. */
const kLongestWarmUp = 0.25;

/** "512x512x512" → dimensions, or null. The engine refuses what is too large. */
export function parseShape(text: string): { m: number; k: number; n: number } | null {
  const match = /^(\d{1,5})x(\d{1,5})x(\d{1,5})$/.exec(text);
  return match === null ? null : { m: Number(match[1]), k: Number(match[2]), n: Number(match[3]) };
}

export function shapeLabel(text: string): string {
  const shape = parseShape(text);
  if (shape === null) return text;
  return shape.m === shape.k && shape.k === shape.n ? `${shape.m}³` : text.replaceAll('x', '×');
}

/** The first rung of the race, the fastest, and how many times faster it is. */
export function ranking(report: RaceReport): { first: Lane | null; winner: Lane | null; factor: number } {
  const measured = report.lanes.filter((lane) => lane.statistics !== null);
  const first = measured[0] ?? null;
  const winner = measured.reduce<Lane | null>(
    (best, lane) => (best === null || (flopsPerSecond(lane) ?? 0) > (flopsPerSecond(best) ?? 0) ? lane : best),
    null,
  );
  const factor = first === null || winner === null ? 1 : (flopsPerSecond(winner) ?? 1) / (flopsPerSecond(first) ?? 1);
  return { first, winner, factor };
}

/**
 * The lane whose batch runs next: warm-up goes lane by lane, measuring in rounds of alternating direction. Whether a lane is warm is the
 * engine's secret but for one sign: `lastSeconds` of one batch that are more than its whole warm-up may take.
 */
export function laneAtWork(lanes: readonly Lane[], lastSeconds: number): number | null {
  if (lanes.length === 0) return null;
  const batches = lanes.reduce((sum, lane) => sum + (lane.statistics?.count ?? 0), 0);
  if (batches > 0) {
    const position = batches % lanes.length;
    return Math.floor(batches / lanes.length) % 2 === 0 ? position : lanes.length - 1 - position;
  }
  const warming = lanes.findLastIndex((lane) => lane.discarded > 0);
  if (warming === -1) return 0;
  if (lastSeconds < kLongestWarmUp) return warming;
  return (warming + 1) % lanes.length; // after the last one's warm-up the first is measured
}

/** A lane that takes longer than this a call is worth a word while it runs. */
const kSlowCall = 0.3;

/** What a running race does, for the reader: rungs by name while they warm up or are slow, else they change too fast to read. */
export function activity(report: Bare<RaceReport>): string {
  const lane = report.atWork === null ? undefined : report.lanes[report.atWork];
  if (lane === undefined) return 'measuring…';
  const { statistics } = lane;
  if (statistics === null) return `measuring ${lane.name}…`;
  return statistics.median < kSlowCall
    ? 'measuring…'
    : `measuring ${lane.name}, ${duration(statistics.median)} a call…`;
}

/** FLOP/s that a slow phone may be expected to reach. */
const kCautious = { naive: 0.5e9, scalar: 1.5e9, simd: 5e9 };

/** The rungs that may take a second and more for each call of this size. */
export function slowRungs(flops: number, variants: readonly VariantInfo[]): string[] {
  const rate = ({ name, isa }: VariantInfo) =>
    name === 'naive' ? kCautious.naive : isa === 'scalar' ? kCautious.scalar : kCautious.simd;
  return variants.filter((variant) => flops / rate(variant) >= 1).map((variant) => variant.name);
}

/** Most rungs kept jumping until the time was up. */
export function isUnsteady(report: RaceReport): boolean {
  const open = report.lanes.filter((lane) => !lane.settled).length;
  return !report.stopped && open > report.lanes.length / 2;
}

/** Of the offered answers the nearest on a logarithmic scale. */
export function nearestFactor(factor: number, offered: readonly number[]): number {
  const distance = (value: number) => Math.abs(Math.log(value / factor));
  return offered.reduce((best, value) => (distance(value) < distance(best) ? value : best));
}

/** The names of the lanes whose interval overlaps with the winner's: this race cannot tell them apart. */
export function tiedWith(winner: Lane, lanes: readonly Lane[]): string[] {
  const slowest = winner.statistics === null ? 0 : winner.flops / winner.statistics.high;
  return lanes
    .filter((lane) => lane !== winner && lane.statistics !== null && lane.flops / lane.statistics.low >= slowest)
    .map((lane) => lane.name);
}
