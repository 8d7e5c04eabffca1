// A process that grades one submission after another, with a compiler and a kernel thread of its own. Its parent may end it at any moment.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { deserialize, serialize } from 'node:v8';
import type { CompileOptions, CompileResult } from '#lab/compiler/compile.ts';
import { gradeSource } from '#lab/grading/grade.ts';
import type { GradeHost } from '#lab/grading/host.ts';
import type { Exercise } from '#lab/grading/exercise.ts';
import type { GradeResult } from '#lab/grading/result.ts';
import type { CaseOutcome, CaseRequest } from '#lab/grading/run-case.ts';
import { loadExercise } from '../lib/exercises.ts';
import { NodeHost } from './host.ts';
import { sha256, writeWhole } from './record.ts';

export interface WorkerSettings {
  seed: string;
  skipPerformance: boolean;
  /** Compiled references are kept there. */
  references: string;
}

export type ToWorker =
  | { kind: 'settings'; settings: WorkerSettings }
  | { kind: 'grade'; exercise: string; source: string }
  /** The wish to measure is granted. */
  | { kind: 'measure' };

export type FromWorker =
  | { kind: 'ready' }
  /** A case has begun: it isn't stuck. */
  | { kind: 'alive' }
  | { kind: 'mayIMeasure'; threads: number }
  | { kind: 'measured' }
  | { kind: 'graded'; result: GradeResult }
  /** An exception: a defect of ours, not of the submission. */
  | { kind: 'broke'; reason: string };

const tell = (message: FromWorker) => void process.send?.(message);
const node = new NodeHost();
let settings: WorkerSettings | null = null;
let granted: (() => void) | null = null;
const exercises = new Map<string, Exercise>();

/** The reference is the same for a whole class: compiled once, then read. */
async function compileReference(options: CompileOptions, folder: string): Promise<CompileResult> {
  const path = join(folder, `${sha256(node.compiler, JSON.stringify(options))}.bin`);
  if (existsSync(path)) return deserialize(readFileSync(path)) as CompileResult;
  const result = await node.compile(options);
  if (result.wasm !== null) writeWhole(path, serialize(result));
  return result;
}

/** Other work on the machine shifts a measurement, so the parent lets few (one, normally) measure at a time. */
async function measureAlone(request: CaseRequest, budget: number): Promise<CaseOutcome> {
  await new Promise<void>((resolve) => {
    granted = resolve;
    tell({ kind: 'mayIMeasure', threads: request.threads?.count ?? 1 });
  });
  try {
    return await node.run(request, budget);
  } finally {
    tell({ kind: 'measured' });
  }
}

async function grade(
  name: string,
  source: string,
  { seed, skipPerformance, references }: WorkerSettings,
): Promise<void> {
  const exercise = exercises.get(name) ?? loadExercise(name);
  exercises.set(name, exercise);
  const host: GradeHost = {
    compiler: node.compiler,
    threads: node.threads,
    compile: (options) =>
      options.source === exercise.reference && options.mode === 'fast'
        ? compileReference(options, references)
        : node.compile(options),
    trapSite: (wasm, offset) => node.trapSite(wasm, offset),
    run: (request, budget) =>
      request.kind === 'performance' ? measureAlone(request, budget) : node.run(request, budget),
  };
  const onProgress = () => tell({ kind: 'alive' });
  tell({ kind: 'graded', result: await gradeSource({ exercise, source, seed, host, skipPerformance, onProgress }) });
}

process.on('message', (message: ToWorker) => {
  if (message.kind === 'settings') {
    settings = message.settings;
    tell({ kind: 'ready' });
  } else if (message.kind === 'measure') {
    granted?.();
  } else if (settings !== null) {
    grade(message.exercise, message.source, settings).catch((error: unknown) => {
      tell({ kind: 'broke', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    });
  }
});
// The parent is gone. The compiler may be busy for minutes and deaf; it is in this process's group.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
