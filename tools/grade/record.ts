// What is kept of a graded submission: the result's contract, whose it is, and what the result depends on.
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import * as v from 'valibot';
import { maxPoints, type Exercise } from '#lab/grading/exercise.ts';
import { kContractVersion, kGradeResult, type GradeResult } from '#lab/grading/result.ts';
import { taskResult } from '#lab/grading/scores.ts';
import { exactly, kString } from '#lab/schema.ts';
import { kRoot } from '../lib/command.ts';
import { exerciseFolder } from '../lib/exercises.ts';

export const kGradeRecord = v.pipe(
  exactly({
    ...kGradeResult.entries,
    student: kString,
    /** As it was handed in. */
    file: kString,
    sourceHash: v.pipe(
      kString,
      v.regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
      v.description('SHA-256 of the file'),
    ),
  }),
  v.title('A graded submission'),
  v.description(
    "What npm run grade writes for each submission. version, status, message and tests are Exercism's test-runner contract, version 3; the rest is OptLab's.",
  ),
);
export type GradeRecord = v.InferOutput<typeof kGradeRecord>;

export function sha256(...parts: (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  // With lengths, so that no two lists of parts look alike.
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

function hashOfFiles(patterns: string[], folder: string): string {
  const files = globSync(patterns, { cwd: folder, exclude: (path) => path.endsWith('.test.ts') }).sort();
  return sha256(...files.flatMap((file) => [file, readFileSync(join(folder, file))]));
}

/** The hash of all code that judges: a result of another grader is no result of this one. */
export function graderHash(): string {
  const patterns = [
    'web/src/lab/{grading,compiler}/*.ts',
    'tools/grade/{host,kernel-thread,team-thread,source-text}.ts',
    'lessons/*/*.ts',
  ];
  return hashOfFiles(patterns, kRoot);
}

/** The hash of what an exercise's grade depends on; hints, starter and solution don't count. */
export function exerciseHash(name: string): string {
  return hashOfFiles(['exercise.json', 'reference.cpp', '*.{h,ts}'], exerciseFolder(name));
}

export interface Conditions {
  grader: string;
  compiler: string;
  /** That a kernel may use. */
  threads: number;
  seed: string;
  skipPerformance: boolean;
}

/** Names a result: the same key, the same submission graded under the same conditions. */
export function resultKey(conditions: Conditions, exercise: string, exerciseFiles: string, sourceHash: string): string {
  const { grader, compiler, threads, seed, skipPerformance } = conditions;
  return sha256(grader, compiler, String(threads), seed, String(skipPerformance), exercise, exerciseFiles, sourceHash);
}

/** The result of something that was not run at all, or that broke the process that graded it. */
export function refusal(exercise: Exercise, message: string, { seed, compiler }: Conditions): GradeResult {
  return {
    version: kContractVersion,
    status: 'error',
    message,
    tests: [],
    exercise: `${exercise.lesson}/${exercise.id}`,
    points: 0,
    maxPoints: maxPoints(exercise.spec),
    tasks: exercise.spec.tasks.map((task) => taskResult(task, [], 0, null)),
    diagnostics: [],
    seed,
    compiler,
    seconds: 0,
  };
}

/** A reader never sees half a file, whenever the writer is killed. */
export function writeWhole(path: string, data: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, data);
  renameSync(part, path);
}

/** Results by key, a file each. */
export class ResultCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #path(key: string): string {
    return join(this.#folder, key.slice(0, 2), `${key}.json`);
  }

  /** Null if there is none, or none that can be used. */
  get(key: string): GradeResult | null {
    try {
      const result = JSON.parse(readFileSync(this.#path(key), 'utf8')) as GradeResult;
      if (v.is(kGradeResult, result)) return result;
      rmSync(this.#path(key));
    } catch {
      // Not there, or not JSON: it is graded again.
    }
    return null;
  }

  put(key: string, result: GradeResult): void {
    writeWhole(this.#path(key), JSON.stringify(result));
  }
}
