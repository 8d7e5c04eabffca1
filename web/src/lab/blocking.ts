import { flopsPerSecond } from './format.ts';
import type { Envelope } from './task.ts';
import type { Blocking, Lane } from './types.ts';

/** What the race of block sizes says. */

export interface TuneReport extends Envelope {
  /** One per candidate, named after it; the library's default first. */
  lanes: Lane[];
  /** The best, once all have been measured; else null. */
  best: Blocking | null;
  threads: number;
}

/** A lane's name, "512/48/512", or null. */
export function parseBlocking(name: string): Blocking | null {
  const match = /^(\d+)\/(\d+)\/(\d+)$/.exec(name);
  return match === null ? null : { depth: Number(match[1]), rows: Number(match[2]), columns: Number(match[3]) };
}

/** "512 × 48 × 512", not to be broken. */
export function blockingLabel({ depth, rows, columns }: Blocking): string {
  return [depth, rows, columns].join('\u00a0×\u00a0');
}

export function sameBlocking(a: Blocking | null, b: Blocking | null): boolean {
  return a !== null && b !== null && a.depth === b.depth && a.rows === b.rows && a.columns === b.columns;
}

/** How much faster than the first lane, the default: 0.03 is 3 %; null before both have been measured. */
export function gainOf(lane: Lane, lanes: readonly Lane[]): number | null {
  const [rate, first] = [flopsPerSecond(lane), lanes[0] === undefined ? null : flopsPerSecond(lanes[0])];
  return rate === null || first === null ? null : rate / first - 1;
}

/** "+3.1 %", "−0.4 %" */
export function signedPercent(fraction: number): string {
  const digits = Math.abs(100 * fraction).toFixed(1);
  return `${fraction < 0 && digits !== '0.0' ? '−' : '+'}${digits} %`;
}

/** Rows and columns of the square product that is raced. */
export function sizeOf(lane: Lane): number {
  return Math.round(Math.cbrt(lane.flops / 2));
}

/** What was found. (What is used is not its affair: the reader may have gone back to the default since.) */
export function tuningVerdict(report: TuneReport): string {
  const { lanes, best } = report;
  const first = lanes[0] === undefined ? null : parseBlocking(lanes[0].name);
  if (report.stopped || best === null || first === null) return 'Stopped early: nothing was changed.';
  if (sameBlocking(best, first))
    return `No other size was clearly faster than the default, ${blockingLabel(first)}: by more than 2 %, and with intervals that do not overlap.`;
  const winner = lanes.find((lane) => sameBlocking(parseBlocking(lane.name), best));
  const gain = winner === undefined ? null : gainOf(winner, lanes);
  return `${blockingLabel(best)} was ${gain === null ? '' : `${(100 * gain).toFixed(1)} % `}faster than the default.`;
}
