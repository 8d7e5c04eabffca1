// The arguments of `npm run grade`.
import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { kRoot } from '../lib/command.ts';

/** What was asked for can't be done: exit code 2. */
export class UsageError extends Error {}

export interface GradeCommand {
  command: 'grade';
  inputs: string[];
  lesson: string | null;
  /** "<id>" or "<lesson>/<id>"; none: all there are. */
  only: string[];
  /** All inputs are this one student's. */
  student: string | null;
  /** Null: drawn at random, or that of the run which is resumed. */
  seed: string | null;
  jobs: number;
  /** Measurements at a time on this machine. */
  timings: number;
  out: string;
  skipPerformance: boolean;
  resume: boolean;
  /** Part number `index`, from 1, of `count` parts of the class. */
  shard: { index: number; count: number } | null;
}

export interface MergeCommand {
  command: 'merge';
  folders: string[];
  out: string;
}

export type Command = GradeCommand | MergeCommand | { command: 'help' };

export const kUsage = `Grades students' C++ and writes a gradebook.

  npm run grade -- FILES… [--lesson L] [--exercise E]… [--student NAME] [--seed S] [--jobs N] [--timings N]
                          [--out DIR] [--skip-performance] [--resume] [--shard I/N]
  npm run grade -- merge DIR… --out DIR

FILES: a .cpp file, a student's folder, a class's folder (CLASS/STUDENT/EXERCISE.cpp), or a .zip of any of them.
Formats, seeds and limits: docs/grading.md`;

/** A compiler takes up to 450 MB beside the grading process itself. */
const kBytesPerJob = 0.7e9;

export function defaultJobs(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / kBytesPerJob)));
}

const kFlags = {
  lesson: { type: 'string' },
  exercise: { type: 'string', multiple: true },
  student: { type: 'string' },
  seed: { type: 'string' },
  jobs: { type: 'string' },
  timings: { type: 'string' },
  out: { type: 'string' },
  shard: { type: 'string' },
  'skip-performance': { type: 'boolean' },
  resume: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function wholeNumber(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 1024)
    throw new UsageError(`--${flag} '${text}' is no whole number from 1 to 1024`);
  return value;
}

function shardOf(text: string | undefined, seed: string | undefined): GradeCommand['shard'] {
  if (text === undefined) return null;
  const [index = 0, count = 0] = /^(\d+)\/(\d+)$/.exec(text)?.slice(1).map(Number) ?? [];
  if (index < 1 || index > count) throw new UsageError(`--shard '${text}' is not I/N with 1 ≤ I ≤ N, such as 2/8`);
  if (seed === undefined) throw new UsageError('--shard needs --seed: all parts of a class get the same operands');
  return { index, count };
}

/** npm runs scripts in the package's folder; paths are meant from where npm was called. */
function located(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path);
}

/** Throws UsageError. */
export function parseCommand(argv: readonly string[]): Command {
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options: kFlags, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
  const { values, positionals } = parsed;
  if (values.help) return { command: 'help' };
  for (const [flag, value] of Object.entries(values))
    if ([value].flat().includes('')) throw new UsageError(`--${flag} needs a value`);

  if (positionals[0] === 'merge') {
    const others = Object.keys(values).filter((flag) => flag !== 'out');
    if (others.length > 0) throw new UsageError(`merge takes --out only, not --${others[0]}`);
    if (positionals.length < 2) throw new UsageError('merge needs the folders that --out named before');
    if (values.out === undefined) throw new UsageError('merge needs --out DIR');
    return { command: 'merge', folders: positionals.slice(1).map(located), out: located(values.out) };
  }
  if (positionals.length === 0 && !values.resume)
    throw new UsageError('name at least one .cpp file, folder or .zip (--help says more)');
  return {
    command: 'grade',
    inputs: positionals.map(located),
    lesson: values.lesson ?? null,
    only: values.exercise ?? [],
    student: values.student ?? null,
    seed: values.seed ?? null,
    jobs: wholeNumber('jobs', values.jobs, defaultJobs()),
    timings: wholeNumber('timings', values.timings, 1),
    out: values.out === undefined ? join(kRoot, 'build/grades') : located(values.out),
    skipPerformance: values['skip-performance'] ?? false,
    resume: values.resume ?? false,
    shard: shardOf(values.shard, values.seed),
  };
}
