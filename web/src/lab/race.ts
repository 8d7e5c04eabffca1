import { flopsPerSecond } from './format.ts';
import type { RaceReport } from './protocol.ts';
import type { Lane } from './types.ts';

/** What a finished race says. */

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
