import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import type { GradeResult } from './grading/result.ts';
import {
  isPassed,
  isProgress,
  maySeeSolution,
  merge,
  noProgress,
  ProgressBook,
  withAttempt,
  withCode,
  withHint,
  withReplaced,
  type ExerciseProgress,
} from './progress.ts';
import { MemoryStore } from './store.ts';
import { makeSubmission, studentFolder } from './submission.ts';

const result = (points: number, status: GradeResult['status'] = points === 10 ? 'pass' : 'fail'): GradeResult => ({
  version: 3,
  status,
  message: null,
  tests: [],
  exercise: '02-acceleration/reordered',
  points,
  maxPoints: 10,
  tasks: [],
  diagnostics: [],
  seed: 's',
  compiler: 'c',
  seconds: 1,
});
const starter = 'int f();';
const name = '02-acceleration/reordered';

describe('the progress of an exercise', () => {
  it('keeps no code while it is the starter', () => {
    const begun = withCode(noProgress(), 'int f() { return 1; }', starter, 5);
    assert.equal(begun.code, 'int f() { return 1; }');
    assert.equal(withCode(begun, starter, starter, 6).code, null);
  });

  it('loses no code to a reset', () => {
    let progress = withCode(noProgress(), 'a', starter, 1);
    progress = withReplaced(progress, starter, starter, 2);
    assert.equal(progress.code, null);
    assert.deepEqual(progress.previous, [{ when: 2, code: 'a' }]);
    progress = withReplaced(withCode(progress, 'b', starter, 3), 'a', starter, 4);
    assert.equal(progress.code, 'a');
    assert.deepEqual(
      progress.previous.map(({ code }) => code),
      ['b', 'a'],
    );
    for (let i = 0; i < 30; ++i) progress = withReplaced(withCode(progress, `${i}`, starter, i), starter, starter, i);
    assert.equal(progress.previous.length, 10);
    assert.equal(progress.previous[0]?.code, '29');
  });

  it('remembers the first of the best results, with its code', () => {
    let progress = withAttempt(noProgress(), 'a', result(4), 1);
    progress = withAttempt(progress, 'b', result(6), 2);
    progress = withAttempt(progress, 'c', result(6), 3);
    progress = withAttempt(progress, 'd', result(0, 'error'), 4);
    assert.equal(progress.best?.code, 'b');
    assert.equal(progress.attemptCount, 4);
    assert.equal(progress.last?.status, 'error');
    assert.ok(!isPassed(progress));
    assert.ok(isPassed(withAttempt(progress, 'e', result(10), 5)));
  });

  it('opens the solution after a pass or three hints, and hints only once', () => {
    let progress = withHint(noProgress(), 1, 7);
    progress = withHint(progress, 1, 9);
    assert.deepEqual(progress.hints, [7, null, null]);
    progress = withHint(progress, 2, 10);
    assert.ok(!maySeeSolution(progress));
    assert.ok(maySeeSolution(withHint(progress, 3, 11)));
    assert.ok(maySeeSolution(withAttempt(noProgress(), 'a', result(10), 1)));
  });

  it('is recognized, and nothing else is', () => {
    const sound = withHint(withAttempt(withCode(noProgress(), 'a', starter, 1), 'a', result(4), 2), 1, 3);
    assert.ok(isProgress(sound));
    assert.ok(isProgress(JSON.parse(JSON.stringify(sound))));
    const broken: unknown[] = [
      null,
      [],
      { ...sound, code: 3 },
      { ...sound, code: 'x'.repeat(200_001) },
      { ...sound, edited: NaN },
      { ...sound, previous: [{ when: 1 }] },
      { ...sound, attempts: [{ when: 1, points: '3', maxPoints: 4, seconds: 1 }] },
      { ...sound, best: { when: 1, points: 3, maxPoints: 4, seconds: 1 } },
      { ...sound, hints: [1, null] },
      { ...sound, last: { status: 'great' } },
      { ...sound, last: { ...result(1), tests: [{ task_id: 'a', name: 'b', message: 7 }] } },
    ];
    for (const value of broken) assert.ok(!isProgress(value), JSON.stringify(value)?.slice(0, 100));
  });
});

describe('two records of one exercise', () => {
  const mine = withAttempt(withCode(noProgress(), 'mine', starter, 10), 'mine', result(6), 11);
  const theirs = withHint(withAttempt(withCode(noProgress(), 'theirs', starter, 20), 'theirs', result(4), 21), 2, 22);

  it('keep the better result, the later code, all attempts and hints', () => {
    for (const merged of [merge(mine, theirs), merge(theirs, mine)]) {
      assert.equal(merged.best?.code, 'mine');
      assert.equal(merged.code, 'theirs');
      assert.deepEqual(
        merged.previous.map(({ code }) => code),
        ['mine'],
      );
      assert.deepEqual(
        merged.attempts.map(({ points }) => points),
        [6, 4],
      );
      assert.equal(merged.attemptCount, 2);
      assert.deepEqual(merged.hints, [null, 22, null]);
      assert.ok(isProgress(merged));
    }
  });

  it('change nothing when they are the same, and take what only one has', () => {
    assert.deepEqual(merge(mine, mine), mine);
    assert.equal(merge(noProgress(), theirs).code, 'theirs');
    assert.equal(merge(mine, { ...noProgress(), edited: 99 }).code, 'mine');
  });
});

describe('the book of progress', () => {
  const filled = async (): Promise<ProgressBook> => {
    const book = new ProgressBook(new MemoryStore<ExerciseProgress>());
    await book.set(name, withAttempt(withCode(noProgress(), 'a', starter, 1), 'a', result(6), 2));
    return book;
  };

  it('travels as a file', async () => {
    const book = await filled();
    const other = new ProgressBook(new MemoryStore<ExerciseProgress>());
    const told: unknown[] = [];
    other.addEventListener('reset', (event) => told.push((event as CustomEvent).detail));
    assert.deepEqual(await other.import(await book.export()), [name]);
    assert.deepEqual(await other.get(name), await book.get(name));
    assert.deepEqual(told, [name]);
  });

  it('takes no file that is wrong, not even in part', async () => {
    const book = await filled();
    const before = await book.export();
    const good = JSON.parse(before) as { exercises: Record<string, object> };
    const wrong = {
      ...good,
      exercises: { 'x/y': good.exercises[name], 'x/z': { ...good.exercises[name], edited: 'now' } },
    };
    for (const [text, message] of [
      ['{', /no JSON/],
      ['{}', /no exported progress/],
      [JSON.stringify({ ...good, schema: 2 }), /schema 2; this page reads schema 1/],
      [JSON.stringify(wrong), /"x\/z" in this file cannot be used: 'edited' must be a time/],
      [JSON.stringify({ ...good, exercises: { '../x': good.exercises[name] } }), /it is no "lesson\/exercise"/],
    ] as const) {
      await assert.rejects(book.import(text), message);
    }
    assert.deepEqual((JSON.parse(await book.export()) as typeof good).exercises, good.exercises);
  });

  it('forgets one or all', async () => {
    const book = await filled();
    await book.set('01-profiling/timer', withHint(noProgress(), 1, 1));
    await book.reset(name);
    assert.deepEqual([...(await book.all()).keys()], ['01-profiling/timer']);
    await book.resetAll();
    assert.equal((await book.all()).size, 0);
  });
});

describe('a submission', () => {
  it('is a zip of <student>/<lesson>/<exercise>.cpp', () => {
    const zip = makeSubmission('Ada Lovelace', new Map([[name, 'int f() { return 1; } // é']]));
    const files = unzipSync(zip);
    assert.deepEqual(Object.keys(files), ['Ada-Lovelace/02-acceleration/reordered.cpp']);
    assert.equal(strFromU8(files['Ada-Lovelace/02-acceleration/reordered.cpp']!), 'int f() { return 1; } // é');
  });

  it('needs a name that a folder can have, and something to hand in', () => {
    assert.equal(studentFolder('Žofie 王 3'), 'Žofie-王-3');
    assert.equal(studentFolder('../../etc'), 'etc');
    assert.equal(studentFolder(' ./ '), '');
    assert.throws(() => makeSubmission('//', new Map([['a/b', 'x']])), /needs a name/);
    assert.throws(() => makeSubmission('a', new Map()), /nothing to hand in/);
  });
});
