/** Grades a source: compiles it, runs every case within its budget, adds up the points. Runs anywhere; the work is done by a host's workers. */
import { formatDiagnostic } from '../compiler/diagnostics.ts';
import { Builds } from './builds.ts';
import { drawParams, type Exercise, type ParamSpecs, type TaskSpec } from './exercise.ts';
import type { GradeHost } from './host.ts';
import { kContractVersion, type GradeResult, type TaskResult, type TestResult } from './result.ts';
import { outcome, type CaseOutcome } from './run-case.ts';
import { addVerdict, reached, taskResult, testResult } from './scores.ts';

export interface GradeOptions {
  exercise: Exercise;
  source: string;
  /** Operands follow from it: the page draws one, an instructor keeps one. */
  seed: string;
  host: GradeHost;
  onProgress?: (progress: GradeProgress) => void;
  /** No further case is begun once it is aborted. */
  signal?: AbortSignal;
  /** Leave performance out: nothing is timed. */
  skipPerformance?: boolean;
}

export interface GradeProgress {
  /** 0 to 1. */
  fraction: number;
  /** What runs now, such as "compiling" or a case's name. */
  doing: string;
  tests: TestResult[];
}

/** The most cases of one task that may run out of time. The first already loses its points; more would only cost the class time. */
const kMostTimeouts = 2;
/** Beyond the case's own seconds: starting a worker and an instance. */
const kStartBudget = 2;

const kNoThreads =
  'Not timed: threads need at least two cores and, in a browser, a page that is isolated from others (the start page says whether this one is)';

interface Case {
  name: string;
  params: ParamSpecs;
}

export async function gradeSource(options: GradeOptions): Promise<GradeResult> {
  const { exercise, host, onProgress } = options;
  const start = performance.now();
  const builds = new Builds(exercise, options.source, host);
  onProgress?.({ fraction: 0, doing: 'compiling', tests: [] });
  const { diagnostics, refusal } = await builds.start();
  const specs = exercise.spec.tasks;
  const finish = (found: Pick<GradeResult, 'status' | 'message' | 'tests' | 'tasks'>): GradeResult => ({
    version: kContractVersion,
    status: found.status,
    message: found.message,
    tests: found.tests,
    exercise: nameOf(exercise),
    points: found.tasks.reduce((sum, { points }) => sum + points, 0),
    maxPoints: found.tasks.reduce((sum, task) => sum + task.maxPoints, 0),
    tasks: found.tasks,
    diagnostics: diagnostics.map(formatDiagnostic),
    seed: options.seed,
    compiler: host.compiler,
    seconds: (performance.now() - start) / 1000,
  });
  if (refusal !== null) {
    return finish({
      status: 'error',
      message: refusal,
      tests: [],
      tasks: specs.map((task) => taskResult(task, [], 0, null)),
    });
  }

  const tests: TestResult[] = [];
  const tasks: TaskResult[] = [];
  for (const task of specs) tasks.push(await gradeTask(task, tasks, tests, builds, options));
  onProgress?.({ fraction: 1, doing: 'done', tests });
  const status = tasks.every((task) => task.status === 'pass') ? 'pass' : 'fail';
  return finish({ status, message: null, tests, tasks });
}

/** Runs a task's cases and adds their results to `tests`; `before` are the tasks before it. */
async function gradeTask(
  task: TaskSpec,
  before: readonly TaskResult[],
  tests: TestResult[],
  builds: Builds,
  options: GradeOptions,
): Promise<TaskResult> {
  const cases = options.exercise.spec.tasks.flatMap(casesOf).length;
  const report = (fraction: number, doing: string) => options.onProgress?.({ fraction, doing, tests });
  const trouble =
    reasonNotToRun(task, before, options, builds.isThreaded) ??
    (await builds.prepare(task.kind, () => report(0.1, 'compiling with checks')));
  const outcomes: CaseOutcome[] = [];
  for (const each of casesOf(task)) {
    report((tests.length + 1) / (cases + 1), `${task.title}: ${each.name}`);
    const isSlow = outcomes.filter(({ status }) => status === 'timeout').length >= kMostTimeouts;
    let unwanted = trouble;
    if (isSlow) unwanted ??= `Not run: ${kMostTimeouts} cases of this task ran out of time`;
    if (options.signal?.aborted) unwanted = 'Stopped before this case';
    const found = await runOrRefuse(task, each, unwanted, builds, options);
    outcomes.push(found);
    tests.push(testResult(task, each.name, found));
  }
  const level = task.kind === 'performance' ? reached(task, outcomes[0] ?? null) : null;
  if (level !== null) addVerdict(tests.at(-1), level);
  return taskResult(task, outcomes, level?.points ?? 0, level);
}

/** One case's outcome; `unwanted` says why it is not run, if it is not. */
async function runOrRefuse(
  task: TaskSpec,
  { name, params: specs }: Case,
  unwanted: string | null,
  builds: Builds,
  { exercise, host, seed: ofAll }: GradeOptions,
): Promise<CaseOutcome> {
  const seed = `${ofAll}/${nameOf(exercise)}/${task.id}/${name}`;
  const { params, drawn } = drawParams(specs, seed);
  const run = async (): Promise<CaseOutcome> => {
    const { budgets } = exercise.spec;
    const { kind } = task;
    const isTimed = kind === 'performance';
    const seconds = isTimed ? budgets.timingSeconds : budgets.caseSeconds;
    const request = { exercise: nameOf(exercise), kind, params, seed, seconds, ...builds.modulesFor(kind) };
    const found = await host.run(request, isTimed ? seconds * 2 + kStartBudget : seconds + kStartBudget);
    return kind === 'safety' ? builds.located(found) : found;
  };
  const found = unwanted === null ? await run() : outcome('error', unwanted);
  return drawn !== '' && found.message !== '' ? { ...found, message: `With ${drawn}: ${found.message}` } : found;
}

/** Why no case of a task is run, given how the tasks before it ended; null if there is no reason. */
function reasonNotToRun(
  { kind }: TaskSpec,
  before: readonly TaskResult[],
  { exercise, skipPerformance }: GradeOptions,
  isThreaded: boolean,
): string | null {
  const isWrong = before.some((task) => task.kind === 'correctness' && task.status !== 'pass');
  if (kind !== 'correctness' && isWrong) return 'Not run: the results have to be right first';
  if (kind === 'performance' && skipPerformance === true) return 'Not timed here';
  if (kind === 'performance' && exercise.spec.threads && !isThreaded) return kNoThreads;
  return null;
}

function nameOf({ lesson, id }: Exercise): string {
  return `${lesson}/${id}`;
}

function casesOf(task: TaskSpec): Case[] {
  return task.kind === 'performance' ? [{ name: 'time', params: task.timing }] : task.cases;
}
