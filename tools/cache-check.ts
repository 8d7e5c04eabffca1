// Holds the cache simulator of src/profile against cachegrind: the same loop nests, run as a real program on a cache that valgrind models,
// must miss as often as the simulator says, within 5 %:
//
//   node tools/cache-check.ts
//
// What may differ is what the source doesn't show: registers spilled to the stack, and instructions in the last level.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { build, buildFolder, type Counts } from './lib/cmake.ts';
import { CommandError, kRoot, run } from './lib/command.ts';
import { slots } from './lib/slots.ts';

const kAllowed = 0.05;
/** Misses that may differ whatever the share: a few lines of stack and code. */
const kSlack = 16;

export interface Cache {
  size: number;
  line: number;
  ways: number;
}

interface Case {
  nest: string;
  n: number;
  block: number;
  padding: number;
  /** First and last level. */
  caches: readonly [Cache, Cache];
}

/** Read and write misses of the first and of the last level. */
export interface Misses {
  reads: readonly [number, number];
  writes: readonly [number, number];
}

const kSmall = [
  { size: 8192, line: 64, ways: 8 },
  { size: 65536, line: 64, ways: 16 },
] as const;
// Few ways, so that columns of matrices whose rows are a power of two meet in a set.
const kConflicting = [
  { size: 8192, line: 32, ways: 2 },
  { size: 32768, line: 32, ways: 4 },
] as const;

const kCases: readonly Case[] = [
  ...['matmul_ijk', 'matmul_jik', 'matmul_ikj', 'matmul_jki', 'matmul_blocked', 'transpose', 'transpose_blocked'].map(
    (nest) => ({ nest, n: 96, block: 16, padding: 4, caches: kSmall }),
  ),
  ...['column_sum', 'column_sum_by_rows'].map((nest) => ({ nest, n: 200, block: 16, padding: 0, caches: kSmall })),
  ...['matmul_ijk', 'matmul_ikj', 'transpose'].map((nest) => ({
    nest,
    n: 64,
    block: 16,
    padding: 0,
    caches: kConflicting,
  })),
];

/** What cachegrind counted of one function. Throws if the file has none of that name, or no misses. */
export function parseCachegrind(text: string, name: string): Misses {
  const events = /^events: (.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  const sums = new Map<string, number>();
  let inside = false;
  for (const line of text.split('\n')) {
    if (/^f[ln]=/.test(line)) inside = line === `fn=${name}`;
    if (!inside || !/^\d/.test(line)) continue;
    const [, ...counts] = line.trim().split(/\s+/).map(Number);
    for (const [i, event] of events.entries()) sums.set(event, (sums.get(event) ?? 0) + (counts[i] ?? 0));
  }
  const sum = (event: string) => {
    const found = sums.get(event);
    if (found === undefined) throw new CommandError(`cachegrind's file has no ${event} of ${name}`);
    return found;
  };
  return { reads: [sum('D1mr'), sum('DLmr')], writes: [sum('D1mw'), sum('DLmw')] };
}

/** What the simulator said. */
export function parseSimulation(output: string): Misses {
  const levels = [...output.matchAll(/^level\t\d+\t(\d+)\t(\d+)$/gm)].map(([, reads, writes]) =>
    [reads, writes].map(Number),
  );
  const [first, last] = levels as [[number, number]?, [number, number]?];
  if (!first || !last || levels.length !== 2) throw new CommandError('the simulator reported no two levels');
  return { reads: [first[0], last[0]], writes: [first[1], last[1]] };
}

/** What disagrees, as text; nothing if all is well. */
export function disagreements(simulated: Misses, counted: Misses): string[] {
  const found: string[] = [];
  for (const kind of ['reads', 'writes'] as const) {
    for (const level of [0, 1] as const) {
      const [said, was] = [simulated[kind][level], counted[kind][level]];
      if (Math.abs(said - was) <= Math.max(kSlack, kAllowed * was)) continue;
      found.push(`${kind} missing ${level === 0 ? 'the first' : 'the last'} level: simulated ${said}, counted ${was}`);
    }
  }
  return found;
}

const settings = ({ nest, n, block, padding }: Case) => [nest, n, block, padding].map(String);
const describe = (c: Case) =>
  `${settings(c).join(' ')} in ${c.caches.map(({ size, ways }) => `${size} bytes, ${ways} ways`).join('; ')}`;

async function simulate(program: string, c: Case, log: string): Promise<Misses> {
  const levels = c.caches.map(({ size, line, ways }) => `${size},${line},${ways}`);
  return parseSimulation((await run([program, 'simulate', ...settings(c), ...levels], { log, whole: true })).output);
}

async function count(program: string, c: Case, log: string): Promise<Misses> {
  const folder = mkdtempSync(join(tmpdir(), 'optlab-cache-'));
  try {
    const file = join(folder, 'out');
    const [first, last] = c.caches.map(({ size, line, ways }) => `${size},${ways},${line}`);
    const caches = [`--D1=${first}`, `--LL=${last}`, `--I1=32768,8,${c.caches[0].line}`];
    const valgrind = ['valgrind', '--tool=cachegrind', '--cache-sim=yes', ...caches, `--cachegrind-out-file=${file}`];
    await run([...valgrind, program, 'run', ...settings(c)], {
      log,
      whole: true,
      step: `cachegrind of ${describe(c)}`,
    });
    return parseCachegrind(readFileSync(file, 'utf8'), `nest_${c.nest}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every case is a test; so is that the comparison sees a cache of another shape. */
export async function checkCaches(log: string): Promise<Counts> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log('      the loops that are counted are those of x86-64 under Linux; nothing to compare here');
    return { passed: 0, failed: 0, skipped: kCases.length + 1 };
  }
  await build('native', log, ['profile_cache_loops']);
  const program = join(buildFolder('native'), 'src/profile/profile_cache_loops');
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  let direct = 0; // cases that a direct-mapped cache of the same size would not pass
  const check = async (c: Case) => {
    const counted = await slots.use({}, () => count(program, c, log));
    const found = disagreements(await slots.use({}, () => simulate(program, c, log)), counted);
    for (const text of found) console.log(`      ${describe(c)}: ${text}`);
    if (found.length === 0) total.passed++;
    else total.failed++;
    const caches = c.caches.map((cache) => ({ ...cache, ways: 1 })) as [Cache, Cache];
    const simulated = await slots.use({}, () => simulate(program, { ...c, caches }, log));
    if (disagreements(simulated, counted).length > 0) direct++;
  };
  await slots.each(kCases, check);
  if (direct > kCases.length / 2) total.passed++;
  else {
    console.log(`      a direct-mapped cache fails only ${direct} of ${kCases.length} cases: they compare too little`);
    total.failed++;
  }
  return total;
}

if (import.meta.filename === process.argv[1]) {
  checkCaches(join(kRoot, 'build/logs/cache-check.log')).then(
    ({ passed, failed, skipped }) => {
      console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
      process.exitCode = failed === 0 ? 0 : 1;
    },
    (error: unknown) => {
      console.error(`tools/cache-check: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(1);
    },
  );
}
