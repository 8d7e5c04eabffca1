import { recordsOf } from '#lab/rows.ts';
import type { CacheCounts, CacheLevel, CacheSimulation, EngineNest, NestInfo } from '#lab/types.ts';
import type { Settings } from '#lab/url-state.ts';

/** What a page says of a cache simulation. Sizes are bytes; arrays hold float32, 4 bytes. */

/** A loop nest and the cache that it runs through. */
export interface CacheSettings {
  nest: string;
  /** Rows and columns. */
  n: number;
  /** Of blocked nests. */
  block: number;
  /** Elements after each row. */
  padding: number;
  level: CacheLevel;
}

export interface CacheState {
  /** Accesses made, and all there are. */
  done: number;
  total: number;
  counters: CacheCounts[];
  /** Numbers of the lines in the cache, set by set, most recently used first; -1 for nothing. */
  contents: Int32Array;
  /** The address of each array's first byte. */
  bases: number[];
}

/** One access. */
export interface CacheStep {
  array: number;
  row: number;
  column: number;
  write: boolean;
  sourceLine: number;
  hit: boolean;
}

export const kSizes = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536];
export const kLines = [16, 32, 64];
export const kWays = [1, 2, 4, 8, 16];
export const kRows = [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
export const kBlocks = [2, 4, 8, 16, 32, 64];
export const kPaddings = [0, 1, 4, 8, 16];

type Told<Name extends 'step' | 'counters'> = ReturnType<CacheSimulation[Name]>;

export const parseSteps = (rows: Told<'step'>): CacheStep[] =>
  recordsOf(rows).map(({ write, level, ...step }) => ({ ...step, write: write !== 0, hit: level === 0 }));

/** What the library counted; pairs that never meet are left out. */
export const parseCounters = (rows: Told<'counters'>): CacheCounts[] =>
  recordsOf(rows).filter(({ reads, writes }) => reads + writes > 0);

/** A loop nest from the library's texts. */
export function parseNest(nest: EngineNest): NestInfo {
  const { name, idea, code, arrays } = nest;
  return { name, idea, code: code.split('\n'), arrays: arrays.split(' '), blocked: code.includes('block') };
}

/** Sets of a cache; not a whole number if the three don't fit together. */
export const setsOf = ({ size, line, ways }: CacheLevel): number => size / (line * ways);

/** The set in which an address belongs. */
export const setOf = (address: number, level: CacheLevel): number => Math.floor(address / level.line) % setsOf(level);

/** "1024/64/2" → a level, or null. */
export function parseLevel(text: string): CacheLevel | null {
  const match = /^(\d+)\/(\d+)\/(\d+)$/.exec(text);
  if (match === null) return null;
  const level = { size: Number(match[1]), line: Number(match[2]), ways: Number(match[3]) };
  const offered = kSizes.includes(level.size) && kLines.includes(level.line) && kWays.includes(level.ways);
  return offered && setsOf(level) >= 1 ? level : null;
}

export const levelText = ({ size, line, ways }: CacheLevel): string => `${size}/${line}/${ways}`;

/** The ways that a cache of this size and line can have: at most as many as it has lines. */
export const waysFor = (size: number, line: number): number[] => kWays.filter((ways) => ways * line <= size);

/** Settings from the address, where they make sense, else from `defaults`. */
export function readCacheSettings(saved: Settings, defaults: CacheSettings, nests: readonly NestInfo[]): CacheSettings {
  const number = (name: string, offered: readonly number[], fallback: number) => {
    const value = Number(saved[name]);
    return saved[name] !== undefined && offered.includes(value) ? value : fallback;
  };
  const nest = nests.some(({ name }) => name === saved['nest']) ? saved['nest']! : defaults.nest;
  const n = number('n', kRows, defaults.n);
  return {
    nest,
    n,
    block: Math.min(n, number('block', kBlocks, defaults.block)),
    padding: number('padding', kPaddings, defaults.padding),
    level: parseLevel(saved['cache'] ?? '') ?? defaults.level,
  };
}

export function cacheSettingsText({ nest, n, block, padding, level }: CacheSettings): Settings {
  return { nest, n: String(n), block: String(block), padding: String(padding), cache: levelText(level) };
}

/** What stands in one place of the cache. */
export interface CacheCell {
  /** Number of the line in memory. */
  line: number;
  array: number;
  /** Where the line's first element lies in its array. */
  row: number;
  column: number;
}

/** The sets in order, each with its ways, most recently used first; null where nothing stands. */
export function cellsOf(state: CacheState, settings: CacheSettings): (CacheCell | null)[][] {
  const { ways, line } = settings.level;
  const sets: (CacheCell | null)[][] = [];
  for (let set = 0; set < state.contents.length / ways; ++set) {
    const lines = Array.from(state.contents.subarray(set * ways, (set + 1) * ways));
    sets.push(lines.map((number) => (number < 0 ? null : cellOf(number, line, state.bases, settings))));
  }
  return sets;
}

function cellOf(number: number, lineBytes: number, bases: readonly number[], settings: CacheSettings): CacheCell {
  const address = number * lineBytes;
  // An array's end may share its last line with nobody: arrays begin at multiples of 64 bytes.
  const array = Math.max(
    0,
    bases.findLastIndex((base) => base <= address),
  );
  const element = (address - bases[array]!) / 4;
  const pitch = settings.n + settings.padding;
  return { line: number, array, row: Math.floor(element / pitch), column: element % pitch };
}

/** The address of an element. */
export function addressOf(step: CacheStep, state: CacheState, settings: CacheSettings): number {
  return (state.bases[step.array] ?? 0) + 4 * (step.row * (settings.n + settings.padding) + step.column);
}

export interface CacheTotals {
  accesses: number;
  misses: number;
  evictions: number;
  writebacks: number;
}

/** The counts of all pairs of an array and a source line that `take` wants. */
export function totalsOf(
  state: CacheState,
  take: (count: { array: number; sourceLine: number }) => boolean = () => true,
): CacheTotals {
  const totals = { accesses: 0, misses: 0, evictions: 0, writebacks: 0 };
  for (const count of state.counters) {
    if (!take(count)) continue;
    totals.accesses += count.reads + count.writes;
    totals.misses += count.readMisses + count.writeMisses;
    totals.evictions += count.evictions;
    totals.writebacks += count.writebacks;
  }
  return totals;
}

/** How a predicted count compares with the simulated one: exactly right, within a tenth, or by how much off. */
export function judgePrediction(predicted: number, simulated: number): { verdict: string; good: boolean } {
  if (predicted === simulated) return { verdict: 'exactly', good: true };
  if (simulated === 0) return { verdict: 'none missed', good: false };
  const ratio = predicted / simulated;
  if (ratio > 0.9 && ratio < 1.1) return { verdict: 'within 10 %', good: true };
  if (ratio === 0) return { verdict: 'some missed', good: false };
  return { verdict: ratio > 1 ? `${factor(ratio)} too many` : `${factor(1 / ratio)} too few`, good: false };
}

const factor = (ratio: number): string => (ratio < 2 ? `${Math.round(100 * (ratio - 1))} %` : `${ratio.toFixed(1)}×`);
