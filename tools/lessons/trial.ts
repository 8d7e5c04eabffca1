// What has to be compiled and run to be seen: starters fail, solutions pass, levels can be reached, half precision is noticed.
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileErrors } from '#lab/compiler/compile.ts';
import { formatDiagnostic } from '#lab/compiler/diagnostics.ts';
import { drawParams, exportsOf, headersOf, maxPoints, type Exercise, type TaskSpec } from '#lab/grading/exercise.ts';
import { gradeSource } from '#lab/grading/grade.ts';
import type { Grader } from '#lab/grading/grader.ts';
import { Kernel } from '#lab/grading/kernel.ts';
import { kMostCalls } from '#lab/grading/measure.ts';
import { Random } from '#lab/grading/random.ts';
import type { GradeResult } from '#lab/grading/result.ts';
import { exerciseFolder } from '../lib/exercises.ts';
import type { NodeHost } from '../grade/host.ts';
import { precisionProblems } from './precision.ts';

/** A busy machine can spoil a measurement, never improve one: what counts is the best of so many. */
const kMeasurements = 3;

/** Several threads are faster than one only where cores are free for them. */
function hasFreeCores(): boolean {
  return availableParallelism() - (loadavg()[0] ?? 0) >= 1.5;
}

export interface Trial {
  problems: string[];
  /** Levels that are too high for this machine; others may gain more. */
  unfair: string[];
  /** What the solution got, and how fast it was, for the report. */
  summary: string;
}

function read(exercise: Exercise, file: string): string {
  return readFileSync(join(exerciseFolder(`${exercise.lesson}/${exercise.id}`), file), 'utf8');
}

function failures(result: GradeResult): string {
  if (result.message !== null) return result.message;
  const wrong = result.tests.filter(({ status }) => status !== 'pass');
  return wrong.map(({ name, message }) => `${name}: ${message}`).join('; ');
}

async function tryStarter(exercise: Exercise, host: NodeHost, seed: string): Promise<string[]> {
  const source = read(exercise, 'starter.cpp');
  const result = await gradeSource({ exercise, source, seed, host, skipPerformance: true });
  const problems = result.diagnostics.map((text) => `starter.cpp: ${text}`);
  if (result.status === 'error') return [...problems, `starter.cpp: ${result.message}`];
  for (const task of exercise.spec.tasks) {
    const passed = result.tasks.find(({ id }) => id === task.id)?.status === 'pass';
    if (task.kind !== 'correctness') continue;
    if (passed && task.starter === undefined)
      problems.push(`starter.cpp passes the task ${task.id}: say why in its 'starter', or leave more to do`);
    if (!passed && task.starter !== undefined)
      problems.push(`task ${task.id} says in 'starter' why the starter passes, but it does not`);
  }
  if (result.status === 'pass') problems.push('starter.cpp passes everything: nothing is left to do');
  return problems;
}

type Performance = TaskSpec & { kind: 'performance' };

/** The best ratio of each performance task seen so far. */
function keepBest(best: Map<string, number>, result: GradeResult): void {
  for (const { id, ratio } of result.tasks) if (ratio !== null) best.set(id, Math.max(ratio, best.get(id) ?? 0));
}

/** A level may ask for half of what the solution gains: others' machines gain less than the author's. A figure of this machine. */
function levelProblems(task: Performance, ratio: number | undefined): string[] {
  if (ratio === undefined) return [`task ${task.id}: the solution was not measured`];
  const most = 1 + (ratio - 1) / 2;
  const top = task.levels.at(-1)?.ratio ?? 0;
  if (top <= most) return [];
  const measured = `the solution is ${ratio.toFixed(2)} times as fast as the reference`;
  return [
    `task ${task.id} asks for ${top}, but ${measured}: at most ${most.toFixed(2)}, half of the gain, may be asked for`,
  ];
}

async function trySolution(exercise: Exercise, host: NodeHost, seed: string): Promise<Trial> {
  const { spec } = exercise;
  const source = read(exercise, 'solution.cpp');
  const timed = spec.tasks.filter((task) => task.kind === 'performance');
  const best = new Map<string, number>();
  const full = maxPoints(spec);
  let result: GradeResult;
  let problems: string[] = [];
  let unfair: string[] = [];
  let unjudged = '';
  const wasFree = hasFreeCores();
  for (let i = 1; ; ++i) {
    result = await gradeSource({ exercise, source, seed: `${seed}/${i}`, host });
    problems = result.diagnostics.map((text) => `solution.cpp: ${text}`);
    keepBest(best, result);
    const slow = timed.flatMap((task) => levelProblems(task, best.get(task.id)));
    const isTimingOnly = result.tasks.every(({ kind, status }) => kind === 'performance' || status === 'pass');
    const hasAll = result.points === full && result.status === 'pass';
    if (isTimingOnly && (!hasAll || slow.length > 0) && i < kMeasurements) continue;
    if (spec.threads && isTimingOnly && !hasAll && !wasFree) {
      unjudged = '  not judged: other programs use the cores';
      break;
    }
    if (!hasAll) problems.push(`solution.cpp gets ${result.points} of ${full} points: ${failures(result)}`);
    if (isTimingOnly) unfair = slow;
    break;
  }
  const ratios = timed.map(
    ({ id, levels }) => `${id} ${best.get(id)?.toFixed(2) ?? '?'} (asks ${levels.at(-1)?.ratio})`,
  );
  return { problems, unfair, summary: [`${result.points}/${full}`, ...ratios].join('  ') + unjudged };
}

/** Compiled for one thread, without warnings. */
async function build(
  exercise: Exercise,
  host: NodeHost,
  file: string,
  problems: string[],
): Promise<WebAssembly.Module | null> {
  const { spec } = exercise;
  const { wasm, diagnostics } = await host.compile({
    source: read(exercise, file),
    headers: headersOf(exercise),
    exports: exportsOf(spec),
    memoryPages: spec.budgets.memoryPages,
    mode: 'fast',
    relaxed: spec.relaxed ?? false,
  });
  if (wasm === null) problems.push(`${file}: ${compileErrors(diagnostics)}`);
  else if (file === 'reference.cpp') problems.push(...diagnostics.map((d) => `${file}: ${formatDiagnostic(d)}`));
  return wasm && (await WebAssembly.compile(wasm));
}

/** Where clocks are coarse a sample has many calls, each with buffers of its own: they must fit the module's memory. */
async function memoryProblems(exercise: Exercise, grader: Grader, modules: Record<string, WebAssembly.Module | null>) {
  const problems: string[] = [];
  for (const task of exercise.spec.tasks) {
    if (task.kind !== 'performance') continue;
    for (const [file, module] of Object.entries(modules)) {
      if (module === null) continue;
      const kernel = await Kernel.create({ module });
      try {
        for (let i = 0; i < kMostCalls; ++i)
          grader.timing?.(kernel, drawParams(task.timing, `${i}`).params, new Random(`memory/${i}`));
      } catch (error) {
        const { memoryPages } = exercise.spec.budgets;
        problems.push(
          `task ${task.id}: ${file}: ${kMostCalls} timed calls need more than ${memoryPages} pages (budgets.memoryPages): ${(error as Error).message}`,
        );
      }
    }
  }
  return problems;
}

export async function tryExercise(exercise: Exercise, host: NodeHost, seed: string): Promise<Trial> {
  const path = join(exerciseFolder(`${exercise.lesson}/${exercise.id}`), 'grade.ts');
  const { default: grader } = (await import(pathToFileURL(path).href)) as { default?: Grader };
  const isTimed = exercise.spec.tasks.some(({ kind }) => kind === 'performance');
  if (typeof grader?.run !== 'function' || (isTimed && typeof grader.timing !== 'function'))
    return {
      problems: [`grade.ts must export a grader by default, with run()${isTimed ? ' and timing()' : ''}`],
      unfair: [],
      summary: '',
    };

  const problems = await tryStarter(exercise, host, seed);
  const solution = await build(exercise, host, 'solution.cpp', problems);
  if (solution === null) return { problems, unfair: [], summary: '' };
  const trial = await trySolution(exercise, host, seed);
  problems.push(...trial.problems);
  const reference = exercise.reference === null ? null : await build(exercise, host, 'reference.cpp', problems);
  problems.push(...(await memoryProblems(exercise, grader, { 'solution.cpp': solution, 'reference.cpp': reference })));
  problems.push(...(await precisionProblems({ spec: exercise.spec, grader, solution, reference, seed })));
  return { problems, unfair: trial.unfair, summary: trial.summary };
}
