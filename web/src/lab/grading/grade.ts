/** Grades a source: compiles it, runs every case within its budget, adds up the points. Runs anywhere; the work is done by a host's workers. */
import { compileErrors, type CompileOptions, type CompileResult, type TrapSite } from '../compiler/compile.ts';
import { formatDiagnostic } from '../compiler/diagnostics.ts';
import { drawParams, exportsOf, headersOf, type Exercise, type ParamSpecs, type TaskSpec } from './exercise.ts';
import { abiProblems } from './kernel.ts';
import { kContractVersion, type GradeResult, type TaskResult, type TestResult } from './result.ts';
import { outcome, type CaseOutcome, type CaseRequest } from './run-case.ts';
import { signatureProblems } from './signatures.ts';

/** What grading needs of its surroundings: a page has workers, Node processes and threads. */
export interface GradeHost {
  /** Compiles within a time limit; the compiler is replaced if it hangs or breaks, and the result then says so. */
  compile(options: CompileOptions): Promise<CompileResult>;
  /** Where a checked module trapped. */
  trapSite(wasm: Uint8Array, offset: number): Promise<TrapSite>;
  /** Runs a case in a worker that is ended when the budget (seconds) is spent; then the outcome is a timeout. */
  run(request: CaseRequest, budget: number): Promise<CaseOutcome>;
  /** Threads that may run one kernel at once; 1 where memory can't be shared. */
  threads: number;
  /** The compiler's version, for the record. */
  compiler: string;
}

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

/** Of one task. Its points are lost with the first; what endless loops cost a class, the others needn't. */
const kMostTimeouts = 2;
/** Beyond the case's own seconds: starting a worker and an instance. */
const kStartBudget = 2;

const kNoThreads =
  'Not timed: threads need at least two cores and, in a browser, a page that is isolated from others (the start page says whether this one is)';

export async function gradeSource(options: GradeOptions): Promise<GradeResult> {
  const { exercise, source, host } = options;
  const start = performance.now();
  const { spec } = exercise;
  // Checks run on one thread after the other, where a step too far is sure to trap.
  const isThreaded = spec.threads === true && host.threads > 1;
  const build = (mode: CompileOptions['mode'], text: string) =>
    host.compile({
      threads: isThreaded && mode === 'fast',
      source: text,
      headers: headersOf(exercise),
      exports: exportsOf(spec),
      memoryPages: spec.budgets.memoryPages,
      mode,
      relaxed: spec.relaxed ?? false,
    });
  const report = (fraction: number, doing: string, tests: TestResult[]) =>
    options.onProgress?.({ fraction, doing, tests });

  report(0, 'compiling', []);
  const fast = await build('fast', source);
  const finish = (
    partial: Pick<GradeResult, 'status' | 'message' | 'tests'> & { tasks: TaskResult[] },
  ): GradeResult => ({
    version: kContractVersion,
    status: partial.status,
    message: partial.message,
    tests: partial.tests,
    exercise: `${exercise.lesson}/${exercise.id}`,
    points: partial.tasks.reduce((sum, { points }) => sum + points, 0),
    maxPoints: partial.tasks.reduce((sum, task) => sum + task.maxPoints, 0),
    tasks: partial.tasks,
    diagnostics: fast.diagnostics.map(formatDiagnostic),
    seed: options.seed,
    compiler: host.compiler,
    seconds: (performance.now() - start) / 1000,
  });
  const refuse = (message: string): GradeResult =>
    finish({ status: 'error', message, tests: [], tasks: spec.tasks.map((task) => taskResult(task, [], 0, null)) });

  if (fast.wasm === null) return refuse(compileErrors(fast.diagnostics));
  const module = await validModule(fast.wasm);
  if (typeof module === 'string') return refuse(module);
  const problems = [...abiProblems(module, spec.abi, isThreaded), ...signatureProblems(fast.wasm, spec.abi)];
  if (problems.length > 0) return refuse(`This module cannot be run: ${problems.join('; ')}`);

  let checked: CompileResult | null = null;
  let checkedModule: WebAssembly.Module | null = null;
  let reference: WebAssembly.Module | null = null;
  const prepare = async (kind: TaskSpec['kind']): Promise<string | null> => {
    if (kind === 'safety' && checkedModule === null) {
      report(0.1, 'compiling with checks', tests);
      checked = await build('checked', source);
      if (checked.wasm === null) return compileErrors(checked.diagnostics);
      const valid = await validModule(checked.wasm);
      if (typeof valid === 'string') return valid;
      checkedModule = valid;
    }
    if (kind === 'performance' && reference === null) {
      const built = exercise.reference === null ? null : await build('fast', exercise.reference);
      if (!built?.wasm)
        return `the reference does not compile: ${built ? compileErrors(built.diagnostics) : 'there is none'}`;
      reference = await WebAssembly.compile(built.wasm);
    }
    return null;
  };

  const tests: TestResult[] = [];
  const tasks: TaskResult[] = [];
  const work = spec.tasks.flatMap((task) => casesOf(task));
  let done = 0;
  for (const task of spec.tasks) {
    const unwanted = reasonNotToRun(task, tasks, options, isThreaded);
    const outcomes: CaseOutcome[] = [];
    const trouble = unwanted ?? (await prepare(task.kind));
    for (const { name, params: specs } of casesOf(task)) {
      const seed = `${options.seed}/${exercise.lesson}/${exercise.id}/${task.id}/${name}`;
      const { params, drawn } = drawParams(specs, seed);
      const label = `${task.title}: ${name}`;
      report((done + 1) / (work.length + 1), label, tests);
      ++done;
      let found: CaseOutcome;
      if (options.signal?.aborted) found = outcome('error', 'Stopped before this case');
      else if (trouble !== null) found = outcome('error', trouble);
      else if (outcomes.filter(({ status }) => status === 'timeout').length >= kMostTimeouts)
        found = outcome('error', `Not run: ${kMostTimeouts} cases of this task ran out of time`);
      else {
        const isTimed = task.kind === 'performance';
        const seconds = isTimed ? spec.budgets.timingSeconds : spec.budgets.caseSeconds;
        const request: CaseRequest = {
          exercise: `${exercise.lesson}/${exercise.id}`,
          kind: task.kind,
          params,
          seed,
          abi: spec.abi,
          module: task.kind === 'safety' && checkedModule !== null ? checkedModule : module,
          timed: task.kind === 'safety' && !isThreaded ? module : null,
          reference: isTimed ? reference : null,
          seconds,
          threads:
            isThreaded && task.kind !== 'safety'
              ? { count: host.threads, memoryPages: spec.budgets.memoryPages }
              : null,
        };
        found = await host.run(request, isTimed ? seconds * 2 + kStartBudget : seconds + kStartBudget);
        const wasm = (checked as CompileResult | null)?.wasm ?? null;
        if (task.kind === 'safety' && found.trapOffset !== null && wasm !== null) {
          found = { ...found, message: `${found.message}${sentence(await host.trapSite(wasm, found.trapOffset))}` };
        }
      }
      if (drawn !== '' && found.message !== '') found = { ...found, message: `With ${drawn}: ${found.message}` };
      outcomes.push(found);
      tests.push(testResult(task, name, found));
    }
    const level = task.kind === 'performance' ? reached(task, outcomes[0] ?? null) : null;
    if (level !== null) addVerdict(tests.at(-1), level);
    tasks.push(taskResult(task, outcomes, level?.points ?? 0, level));
  }
  report(1, 'done', tests);
  const status = tasks.every((task) => task.status === 'pass') ? 'pass' : 'fail';
  return finish({ status, message: null, tests, tasks });
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

/** A module, or what is wrong with it: names exported twice pass the linker. */
async function validModule(wasm: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module | string> {
  try {
    return await WebAssembly.compile(wasm);
  } catch (error) {
    return `This module cannot be run: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function casesOf(task: TaskSpec): { name: string; params: ParamSpecs }[] {
  return task.kind === 'performance' ? [{ name: 'time', params: task.timing }] : task.cases;
}

function sentence({ line, reason }: TrapSite): string {
  return `${line === null ? '' : ` (line ${line})`}${reason === null ? '' : `: ${reason}`}`;
}

interface Level {
  points: number;
  ratio: number;
  /** What the next level asks for, or null at the top. */
  next: number | null;
  message: string;
}

/** A level is reached if the ratio reaches it. */
function reached(task: TaskSpec & { kind: 'performance' }, found: CaseOutcome | null): Level | null {
  const measurement = found?.measurement ?? null;
  if (measurement === null) return null;
  const { ratio, low, high } = measurement;
  const points = task.levels.reduce((sum, level) => (ratio >= level.ratio ? sum + level.points : sum), 0);
  const next = task.levels.find((level) => ratio < level.ratio)?.ratio ?? null;
  const measured = `${ratio.toFixed(2)} times as fast as the reference (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return { points, ratio, next, message: next === null ? measured : `${measured}; the next level asks for ${next}` };
}

function addVerdict(test: TestResult | undefined, { next, message }: Level): void {
  if (test === undefined) return;
  test.status = next === null ? 'pass' : 'fail';
  test.message = message;
}

function testResult(task: TaskSpec, name: string, found: CaseOutcome): TestResult {
  return {
    name,
    status: found.status === 'pass' ? 'pass' : found.status === 'error' ? 'error' : 'fail',
    reason: found.status === 'pass' ? null : found.status,
    message: found.message || null,
    output: found.picture.length > 0 ? found.picture.join('\n') : null,
    task_id: task.id,
    seconds: found.seconds,
    measurement: found.measurement,
  };
}

function taskResult(task: TaskSpec, outcomes: CaseOutcome[], earned: number, level: Level | null): TaskResult {
  const passed = outcomes.filter(({ status }) => status === 'pass').length;
  const all = outcomes.length > 0 && passed === outcomes.length;
  const isTimed = task.kind === 'performance';
  const points = isTimed ? earned : all ? task.points : 0;
  const status = isTimed ? (level !== null && level.next === null ? 'pass' : 'fail') : all ? 'pass' : 'fail';
  return {
    id: task.id,
    title: task.title,
    kind: task.kind,
    status,
    points,
    maxPoints: task.points,
    ratio: level?.ratio ?? null,
  };
}
