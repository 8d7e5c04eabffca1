// A run of `npm run grade`: finds submissions, takes from the cache what was graded before, has the rest graded, writes the gradebook.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { maxPoints, type Exercise } from '#lab/grading/exercise.ts';
import type { GradeResult } from '#lab/grading/result.ts';
import { exerciseNames, loadExercise } from '../lib/exercises.ts';
import { NodeHost } from './host.ts';
import { UsageError, type GradeCommand } from './options.ts';
import { prepareOutput, readRunFile, writeRecord, writeSummary, type RunFile } from './output.ts';
import { Pool, type Job, type JobOutcome } from './pool.ts';
import { Progress } from './progress.ts';
import {
  exerciseHash,
  graderHash,
  refusal,
  ResultCache,
  resultKey,
  sha256,
  type Conditions,
  type GradeRecord,
} from './record.ts';
import { sourceText } from './source-text.ts';
import { findSubmissions, wantedExercises, type Found, type Submission } from './submissions.ts';
import { gradebook, kSummaryVersion, type Summary, type SubmissionSummary } from './summary.ts';
import { TimingLock } from './timing-lock.ts';

const orNull = (list: string[]): string[] | null => (list.length > 0 ? list : null);

/** What is to be done. A resumed run goes on with its seed and with whatever else is not named anew. */
export function withResumed(command: GradeCommand): RunFile {
  const { inputs, lesson, only, student, skipPerformance, shard } = command;
  const before = command.resume ? readRunFile(command.out) : null;
  if (command.resume && before === null) throw new UsageError(`--resume: '${command.out}' holds no run to go on with`);
  if (before === null) {
    const seed = command.seed ?? randomBytes(12).toString('hex');
    return { tool: 'optlab-grade', seed, skipPerformance, lesson, only, student, inputs, shard };
  }
  if (command.seed !== null && command.seed !== before.seed)
    throw new UsageError(`--resume: that run has another seed (leave --seed out)`);
  const given = { inputs: orNull(inputs), lesson, only: orNull(only), student, shard };
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  return { ...before, ...named, skipPerformance: skipPerformance || before.skipPerformance };
}

/** Every count-th student, from the index-th on. */
function shardOf(found: Found, shard: RunFile['shard']): Found {
  if (shard === null) return found;
  const students = found.students.filter((_, i) => i % shard.count === shard.index - 1);
  const mine = new Set<string | null>(students);
  const isFirst = shard.index === 1;
  return {
    students,
    submissions: found.submissions.filter(({ student }) => mine.has(student)),
    unknown: found.unknown.filter(({ student }) => mine.has(student) || (student === null && isFirst)),
    ignored: isFirst ? found.ignored : [],
  };
}

/** What is left to do for a source: nothing, or a job whose outcome goes to all submissions of that key. */
interface Task {
  exercise: Exercise;
  submissions: { submission: Submission; sourceHash: string }[];
  result: GradeResult | null;
  source: string | null;
  key: string;
}

/** The same source for the same exercise is graded once, however many hand it in. */
function plan(submissions: readonly Submission[], conditions: Conditions, cache: ResultCache): Task[] {
  const tasks = new Map<string, Task>();
  const exercises = new Map<string, { exercise: Exercise; hash: string }>();
  for (const submission of submissions) {
    const { exercise: name, bytes } = submission;
    const known = exercises.get(name) ?? { exercise: loadExercise(name), hash: exerciseHash(name) };
    exercises.set(name, known);
    const sourceHash = sha256(bytes);
    const key = resultKey(conditions, name, known.hash, sourceHash);
    let task = tasks.get(key);
    if (task === undefined) {
      const source = sourceText(bytes);
      const refused = 'problem' in source ? refusal(known.exercise, source.problem, conditions) : null;
      task = {
        exercise: known.exercise,
        submissions: [],
        result: refused ?? cache.get(key),
        source: 'text' in source ? source.text : null,
        key,
      };
      tasks.set(key, task);
    }
    task.submissions.push({ submission, sourceHash });
  }
  return [...tasks.values()];
}

/** More than the longest step between two signs of life can take: compiler's start, a compile, a case. */
function patience({ spec }: Exercise): number {
  return 150 + 3 * Math.max(spec.budgets.caseSeconds, spec.budgets.timingSeconds);
}

class Run {
  readonly #out: string;
  readonly #run: RunFile;
  readonly #found: Found;
  readonly #conditions: Conditions;
  readonly #progress: Progress;
  readonly #records: GradeRecord[] = [];
  readonly #summaries: SubmissionSummary[] = [];
  readonly #taken = new Set<string>();

  constructor(out: string, run: RunFile, found: Found, conditions: Conditions) {
    this.#out = out;
    this.#run = run;
    this.#found = found;
    this.#conditions = conditions;
    this.#progress = new Progress(found.submissions.length);
  }

  /** The first of a task's submissions is the one that was graded, if any was. */
  record({ submissions }: Task, result: GradeResult, isFresh: boolean): void {
    for (const [index, { submission, sourceHash }] of submissions.entries()) {
      const { student, file, exercise } = submission;
      const record: GradeRecord = { ...result, student, file, sourceHash };
      const path = writeRecord(this.#out, record, this.#taken);
      const { status, points, maxPoints: most } = result;
      const cached = !isFresh || index > 0;
      const summary = { student, exercise, file, sourceHash, status, points, maxPoints: most, record: path, cached };
      this.#records.push(record);
      this.#summaries.push(summary);
      this.#progress.step(summary);
    }
  }

  finish(asked: readonly string[], tasks: readonly Task[]): Summary {
    this.#progress.end();
    const pending = tasks.filter(({ result }) => result === null);
    for (const { exercise, submissions } of pending) {
      for (const { submission, sourceHash } of submissions) {
        const { student, file, exercise: name } = submission;
        const most = maxPoints(exercise.spec);
        const state = { status: 'pending', points: 0, maxPoints: most, record: null, cached: false } as const;
        this.#summaries.push({ student, exercise: name, file, sourceHash, ...state });
      }
    }
    const order = (a: { student: string; file: string }, b: { student: string; file: string }) =>
      a.student === b.student ? (a.file < b.file ? -1 : 1) : a.student < b.student ? -1 : 1;
    this.#records.sort(order);
    this.#summaries.sort(order);
    const { seed, skipPerformance, lesson, only, shard } = this.#run;
    // Who asked for something gets columns for it, handed in or not; else there is one for what anybody handed in.
    const isAsked = lesson !== null || only.length > 0;
    const columns = isAsked ? asked : asked.filter((name) => this.#summaries.some((one) => one.exercise === name));
    const exercises = columns.map((name) => {
      const { spec } = loadExercise(name);
      return { name, title: spec.title, maxPoints: maxPoints(spec) };
    });
    const summary: Summary = {
      version: kSummaryVersion,
      seed,
      compiler: this.#conditions.compiler,
      skipPerformance,
      shard: shard === null ? null : `${shard.index}/${shard.count}`,
      complete: pending.length === 0,
      exercises,
      students: gradebook(this.#found.students, exercises, this.#summaries),
      submissions: this.#summaries,
      unknown: this.#found.unknown,
      ignored: this.#found.ignored,
    };
    writeSummary(this.#out, summary, this.#records);
    return summary;
  }

  get seconds(): number {
    return this.#progress.seconds;
  }
}

/** The exit code: 0 whatever the points are, 130 if it was stopped. */
export async function gradeAll(command: GradeCommand): Promise<number> {
  const { out, jobs, timings } = command;
  const run = withResumed(command);
  const exercises = exerciseNames();
  const wanted = { ...run, exercises, out };
  const asked = wantedExercises(wanted);
  const found = shardOf(findSubmissions(run.inputs, wanted), run.shard);
  if (found.students.length === 0 && found.unknown.length === 0 && run.shard === null)
    throw new UsageError(`nothing to grade in ${run.inputs.join(', ')}: no .cpp file and no student's folder`);

  prepareOutput(out, run);
  const { compiler, threads } = new NodeHost();
  const { seed, skipPerformance } = run;
  const conditions: Conditions = { grader: graderHash(), compiler, threads, seed, skipPerformance };
  const cache = new ResultCache(join(out, '.cache'));
  const tasks = plan(found.submissions, conditions, cache);
  process.stderr.write(
    `${found.students.length} students, ${found.submissions.length} submissions (${tasks.length} different), seed ${seed}\n`,
  );

  const state = new Run(out, run, found, conditions);
  for (const task of tasks) if (task.result !== null) state.record(task, task.result, task.source === null);
  const open = new Map(tasks.filter(({ result }) => result === null).map((task) => [task.key, task]));
  const onDone = ({ key }: Job, outcome: JobOutcome) => {
    const task = open.get(key);
    if (task === undefined) return;
    // What broke our process says nothing of the submission that lasts: it isn't cached.
    if ('result' in outcome) cache.put(key, outcome.result);
    const message = `Grading this broke the grader: ${'broken' in outcome ? outcome.broken : ''}`;
    task.result = 'result' in outcome ? outcome.result : refusal(task.exercise, message, conditions);
    state.record(task, task.result, true);
  };
  const work = [...open.values()].map(({ key, exercise, source }) => ({
    key,
    exercise: `${exercise.lesson}/${exercise.id}`,
    source: source ?? '',
    patience: patience(exercise),
  }));
  const settings = { seed, skipPerformance, references: join(out, '.cache/references') };
  const pool = new Pool(work, { jobs, lock: new TimingLock(timings), settings, onDone });
  const isStopped = await untilStopped(pool);
  const summary = state.finish(asked, tasks);
  report(summary, out, state.seconds, isStopped);
  return isStopped ? 130 : 0;
}

/** Whether somebody pressed Ctrl-C; what is graded by then is kept. */
async function untilStopped(pool: Pool): Promise<boolean> {
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    pool.stop();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await pool.run();
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  return isStopped;
}

function report(
  { submissions, students, unknown, ignored }: Summary,
  out: string,
  seconds: number,
  isStopped: boolean,
): void {
  const count = (status: string) => submissions.filter((one) => one.status === status).length;
  const cached = submissions.filter((one) => one.cached).length;
  const missing = students.flatMap(({ exercises }) => Object.values(exercises)).filter((c) => c.status === 'missing');
  const counts = `${count('pass')} pass, ${count('fail')} fail, ${count('error')} can't be run, ${missing.length} missing`;
  console.log(`${counts}; ${cached} from the cache; ${seconds.toFixed(1)} s`);
  for (const { file, problem } of unknown) console.log(`not graded: ${file}: ${problem}`);
  if (ignored.length > 0) console.log(`left out: ${ignored.length} other files (listed in results.json)`);
  console.log(`${out}/gradebook.csv`);
  if (isStopped)
    console.log(`stopped with ${count('pending')} to go; go on with: npm run grade -- --resume --out ${out}`);
}
