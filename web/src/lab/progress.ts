/** What a reader has done in the exercises: kept in this browser, exported and imported as one file, never sent anywhere. */
import * as v from 'valibot';
import { messageOf } from './errors.ts';
import { kGradeResult, kMeasurement, kTaskResult, kTestResult, type GradeResult } from './grading/result.ts';
import { amount, atLeast, problemsOf } from './schema.ts';
import { openStore, type Store } from './store.ts';

const kMostPrevious = 10;
const kMostAttempts = 100;
/** A kernel takes a few kilobytes. */
export const kMostCode = 200_000;
export const kHints = 3;
export const kProgressSchema = 1;

const kTime = amount('a time');
const kCodeMessage = `must be a text of at most ${kMostCode} characters`;
const kCode = v.pipe(v.string(kCodeMessage), v.maxLength(kMostCode, kCodeMessage));
const kAttempts = v.pipe(
  v.number('must be a whole number'),
  v.integer('must be a whole number'),
  v.minValue(0, 'must be a whole number from 0'),
);

const kAttempt = atLeast({
  /** Milliseconds since 1970. */
  when: kTime,
  points: amount(),
  maxPoints: amount(),
  /** Compiling and running. */
  seconds: amount(),
});
const kVersion = atLeast({ when: kTime, code: kCode });

const { status, message, diagnostics } = kGradeResult.entries;
const { task_id, name, output } = kTestResult.entries;
const { ratio, low, high } = kMeasurement.entries;
const { id, points } = kTaskResult.entries;
/** As far as a page shows it: another version of the site may have stored it. */
const kShownResult = atLeast({
  status,
  message,
  diagnostics,
  tasks: v.array(atLeast({ id, points }), 'must be a list'),
  tests: v.array(
    atLeast({ task_id, name, message, output, measurement: v.nullable(atLeast({ ratio, low, high })) }),
    'must be a list',
  ),
}) as unknown as v.GenericSchema<GradeResult>;

const kExerciseProgress = atLeast({
  /** Null while it is the starter. */
  code: v.nullable(kCode),
  /** When `code` was last changed. */
  edited: kTime,
  /** What the editor needs to undo, as JSON; null if it has none. */
  history: v.unknown(),
  /** Code that was replaced (by a reset, an import), the latest first. */
  previous: v.array(kVersion, 'must be a list of versions'),
  /** The latest ones; `attemptCount` has all. */
  attempts: v.array(kAttempt, 'must be a list of attempts'),
  attemptCount: kAttempts,
  best: v.nullable(atLeast({ ...kAttempt.entries, code: kCode })),
  /** When each hint was first opened, by its number from 1; null: not yet. */
  hints: v.pipe(
    v.array(v.nullable(kTime), `must be ${kHints} times, or null`),
    v.length(kHints, `must be ${kHints} times, or null`),
  ),
  /** When the solution was first opened. */
  solutionSeen: v.nullable(kTime),
  last: v.nullable(kShownResult),
});

type Version = v.InferOutput<typeof kVersion>;
export type ExerciseProgress = v.InferOutput<typeof kExerciseProgress>;

export function noProgress(): ExerciseProgress {
  return {
    code: null,
    edited: 0,
    history: null,
    previous: [],
    attempts: [],
    attemptCount: 0,
    best: null,
    hints: Array.from({ length: kHints }, () => null),
    solutionSeen: null,
    last: null,
  };
}

/** With `code` in the editor. Code that equals the starter is not kept. */
export function withCode(progress: ExerciseProgress, code: string, starter: string, now: number): ExerciseProgress {
  return { ...progress, code: code === starter ? null : code, edited: now };
}

/** With `code` in the place of the present one, which can be restored. */
export function withReplaced(progress: ExerciseProgress, code: string, starter: string, now: number): ExerciseProgress {
  const replaced = progress.code;
  const previous = replaced === null || replaced === code ? progress.previous : keepVersion(progress, replaced, now);
  return { ...withCode(progress, code, starter, now), history: null, previous };
}

function keepVersion({ previous }: ExerciseProgress, code: string, when: number): Version[] {
  return [{ when, code }, ...previous.filter((version) => version.code !== code)].slice(0, kMostPrevious);
}

/** With one more grading of `code`. The first of equally good results stays the best. */
export function withAttempt(
  progress: ExerciseProgress,
  code: string,
  result: GradeResult,
  now: number,
): ExerciseProgress {
  const { points, maxPoints, seconds } = result;
  const attempt = { when: now, points, maxPoints, seconds };
  const isBest = result.status !== 'error' && (progress.best === null || points > progress.best.points);
  return {
    ...progress,
    attempts: [...progress.attempts, attempt].slice(-kMostAttempts),
    attemptCount: progress.attemptCount + 1,
    best: isBest ? { ...attempt, code } : progress.best,
    last: result,
  };
}

/** With hint `number` (from 1) opened; the first time counts. */
export function withHint(progress: ExerciseProgress, number: number, now: number): ExerciseProgress {
  return { ...progress, hints: progress.hints.map((when, i) => (i === number - 1 ? (when ?? now) : when)) };
}

export function hintsUsed({ hints }: ExerciseProgress): number {
  return hints.filter((when) => when !== null).length;
}

export function isPassed({ best }: ExerciseProgress): boolean {
  return best !== null && best.points === best.maxPoints;
}

/** The solution is shown to who no longer needs it, and to who has tried all else. */
export function maySeeSolution(progress: ExerciseProgress): boolean {
  return isPassed(progress) || hintsUsed(progress) === kHints;
}

/** Both: the better result, all hints, the later code; the other code can be restored. */
export function merge(mine: ExerciseProgress, theirs: ExerciseProgress): ExerciseProgress {
  const [newer, older] = theirs.code !== null && theirs.edited > mine.edited ? [theirs, mine] : [mine, theirs];
  const kept = newer.code === null ? older : newer;
  const other = kept === newer ? older : newer;
  const versions = [...mine.previous, ...theirs.previous];
  if (other.code !== null && other.code !== kept.code) versions.push({ when: other.edited, code: other.code });
  const distinct = new Map(versions.sort((a, b) => a.when - b.when).map((version) => [version.code, version]));
  const attempts = new Map([...mine.attempts, ...theirs.attempts].map((attempt) => [attempt.when, attempt]));
  const theirsIsBetter = theirs.best !== null && (mine.best === null || theirs.best.points > mine.best.points);
  const earliest = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.min(a, b));
  return {
    code: kept.code,
    edited: kept.edited,
    history: kept === mine ? mine.history : null,
    previous: [...distinct.values()].toReversed().slice(0, kMostPrevious),
    attempts: [...attempts.values()].sort((a, b) => a.when - b.when).slice(-kMostAttempts),
    attemptCount: Math.max(mine.attemptCount, theirs.attemptCount, attempts.size),
    best: theirsIsBetter ? theirs.best : mine.best,
    hints: mine.hints.map((when, i) => earliest(when, theirs.hints[i] ?? null)),
    solutionSeen: earliest(mine.solutionSeen, theirs.solutionSeen),
    last: theirsIsBetter ? theirs.last : mine.last,
  };
}

export function isProgress(value: unknown): value is ExerciseProgress {
  return v.is(kExerciseProgress, value);
}

/** All exercises' progress, by "<lesson>/<id>". Fires `change`. */
export class ProgressBook extends EventTarget {
  readonly #store: Store<ExerciseProgress>;

  constructor(store: Store<ExerciseProgress>) {
    super();
    this.#store = store;
  }

  async get(exercise: string): Promise<ExerciseProgress> {
    return (await this.#store.get(exercise)) ?? noProgress();
  }

  async set(exercise: string, progress: ExerciseProgress): Promise<void> {
    await this.#store.set(exercise, progress);
    this.dispatchEvent(new CustomEvent('change', { detail: exercise }));
  }

  /** Those that were begun. */
  async all(): Promise<Map<string, ExerciseProgress>> {
    const found = new Map<string, ExerciseProgress>();
    for (const name of ((await this.#store.keys?.()) ?? []).sort()) {
      const progress = await this.#store.get(name);
      if (progress !== null) found.set(name, progress);
    }
    return found;
  }

  /** Forgets one exercise, its code and all. */
  async reset(exercise: string): Promise<void> {
    await this.#store.delete(exercise);
    this.dispatchEvent(new CustomEvent('reset', { detail: exercise }));
    this.dispatchEvent(new CustomEvent('change', { detail: exercise }));
  }

  async resetAll(): Promise<void> {
    for (const name of (await this.#store.keys?.()) ?? []) await this.reset(name);
  }

  /** The whole book as a file's text. */
  async export(): Promise<string> {
    const exercises = Object.fromEntries(await this.all());
    const recorded = new Date().toISOString();
    return `${JSON.stringify({ kind: 'optlab-progress', schema: kProgressSchema, recorded, exercises }, null, 2)}\n`;
  }

  /** Adds an exported file to what is here, and takes nothing away. Throws an Error that says what is wrong with the file. */
  async import(text: string): Promise<string[]> {
    const exercises = parseBook(text);
    for (const [name, theirs] of exercises) {
      await this.#store.set(name, merge(await this.get(name), theirs));
      this.dispatchEvent(new CustomEvent('reset', { detail: name }));
      this.dispatchEvent(new CustomEvent('change', { detail: name }));
    }
    return [...exercises.keys()];
  }
}

/** All or nothing: a file that is wrong anywhere changes nothing. */
function parseBook(text: string): Map<string, ExerciseProgress> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`This file is no JSON: ${messageOf(error)}`);
  }
  const isObject = (v: unknown): v is Record<string, unknown> =>
    typeof v === 'object' && v !== null && !Array.isArray(v);
  if (!isObject(value) || value['kind'] !== 'optlab-progress' || !isObject(value['exercises'])) {
    throw new Error('This file is no exported progress: it needs "kind": "optlab-progress" and "exercises"');
  }
  if (value['schema'] !== kProgressSchema) {
    throw new Error(`This file has schema ${String(value['schema'])}; this page reads schema ${kProgressSchema}`);
  }
  const found = new Map<string, ExerciseProgress>();
  for (const [name, progress] of Object.entries(value['exercises'])) {
    const problems = /^[a-z0-9-]+\/[a-z0-9-]+$/.test(name)
      ? problemsOf(kExerciseProgress, progress)
      : ['it is no "lesson/exercise"'];
    if (problems.length > 0) throw new Error(`"${name}" in this file cannot be used: ${problems.join('; ')}`);
    found.set(name, progress as ExerciseProgress);
  }
  return found;
}

/** The page's book: in this browser, or for as long as the page is open where it keeps nothing. */
export function openProgress(): ProgressBook {
  return new ProgressBook(openStore('optlab-progress', 'exercises', isProgress));
}
