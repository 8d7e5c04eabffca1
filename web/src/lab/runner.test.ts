import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Assets } from './assets.ts';
import { StoppedError } from './errors.ts';
import { askQuestion, runTask, type Place, type RunOptions } from './runner.ts';
import { defineQuestion, defineTask, Shelf, type Enveloped, type TaskHost } from './task.ts';
import type { SiteModules } from './types.ts';

/** A module of which a task needs the pool alone. */
function moduleOf(sizes: number[]): SiteModules['lm'] {
  return { setThreads: (count: number) => (sizes.push(count), count) } as unknown as SiteModules['lm'];
}

function placeOf(fetch: (signal: AbortSignal) => Promise<Uint8Array> = () => Promise.resolve(Uint8Array.of(7))): Place {
  return { assets: new Assets((_, signal) => fetch(signal)), shelf: new Shelf(), threads: 3 };
}

const log: string[] = [];
const handle = (name: string) => ({ delete: () => void log.push(`deletes ${name}`) });

/** Counts to `count`, with two handles. */
const counting = defineTask({
  module: 'lm',
  open(_, { count, fails = -1 }: { count: number; fails?: number; threads?: number }, { keep }) {
    keep(handle('a'));
    keep(handle('b'));
    let at = 0;
    return {
      step: () => {
        if (at === fails) throw new RangeError('broken');
        return ++at < count;
      },
      progress: () => at / count,
      report: (done: boolean) => ({ at, last: done }),
      urgent: () => at === 2,
      finish: () => void log.push('finishes'),
    };
  },
});
type Report = Enveloped<{ at: number; last: boolean }>;

/** Stops in the turn after so many steps. */
function how(steps = Infinity): RunOptions<{ at: number; last: boolean }> & { reports: Report[] } {
  const controller = new AbortController();
  const reports: Report[] = [];
  let turns = 0;
  return {
    reports,
    signal: controller.signal,
    onReport: (part) => reports.push(part),
    reportEveryMs: Infinity,
    turn: async () => {
      if (turns++ === steps) controller.abort(new StoppedError());
    },
  };
}

describe('a task that is run', () => {
  it('reports before its first step and when it is urgent, and whole at its end', async () => {
    log.length = 0;
    const sizes: number[] = [];
    const options = how();
    const last = await runTask(counting, moduleOf(sizes), { count: 4, threads: 2 }, placeOf(), options);
    assert.deepEqual(last, { at: 4, last: true, progress: 1, done: true, stopped: false });
    assert.deepEqual(
      options.reports,
      [0, 2].map((at) => ({ at, last: false, progress: at / 4, done: false, stopped: false })),
    );
    assert.deepEqual(log, ['finishes', 'deletes b', 'deletes a']);
    assert.deepEqual(sizes, [2]);
  });

  it('reports now and then, and takes as many threads as there are where its options don’t say', async () => {
    const sizes: number[] = [];
    const options = { ...how(), reportEveryMs: -1 };
    await runTask(counting, moduleOf(sizes), { count: 4 }, placeOf(), options);
    assert.deepEqual(
      options.reports.map(({ at }) => at),
      [0, 1, 2, 3],
    );
    assert.deepEqual(sizes, [3]);
  });

  it('stops between two steps with what it has', async () => {
    log.length = 0;
    const last = await runTask(counting, moduleOf([]), { count: 9 }, placeOf(), how(3));
    assert.deepEqual(last, { at: 3, last: true, progress: 1, done: true, stopped: true });
    assert.deepEqual(log, ['deletes b', 'deletes a']);
  });

  it('lets messages in by itself', async () => {
    const { signal } = new AbortController();
    const last = await runTask(counting, moduleOf([]), { count: 5 }, placeOf(), { signal, onReport: () => {} });
    assert.equal(last.at, 5);
  });

  it('deletes its handles also where it breaks', async () => {
    log.length = 0;
    await assert.rejects(runTask(counting, moduleOf([]), { count: 9, fails: 1 }, placeOf(), how()), /broken/);
    assert.deepEqual(log, ['deletes b', 'deletes a']);
  });

  it('is stopped while it waits for a file: then there is no report, and the download ends', async () => {
    const loading = defineTask({
      module: 'lm',
      async open(_, __: object, { load }) {
        await load('lm');
        return assert.fail('the file came');
      },
    });
    const controller = new AbortController();
    let ended = false;
    const place = placeOf((signal) => {
      signal.addEventListener('abort', () => (ended = true));
      return new Promise(() => {});
    });
    const run = runTask(loading, moduleOf([]), {}, place, { signal: controller.signal, onReport: () => {} });
    setTimeout(() => controller.abort(new StoppedError()), 1);
    await assert.rejects(run, { name: 'StoppedError' });
    assert.ok(ended);
  });
});

describe('a question', () => {
  it('is answered; its handles are deleted and the threads stay as they are', async () => {
    log.length = 0;
    const sizes: number[] = [];
    const question = defineQuestion({
      module: 'lm',
      answer: (_, { text }: { text: string }, { keep }) => (keep(handle('c')), text.length),
    });
    assert.equal(await askQuestion(question, moduleOf(sizes), { text: 'whale' }, placeOf()), 5);
    assert.deepEqual([log, sizes], [['deletes c'], []]);
  });
});

describe('what outlives a task', () => {
  const using = (place: Place, use: (host: TaskHost) => unknown) =>
    askQuestion(defineQuestion({ module: 'lm', answer: (_, __: object, host) => use(host) }), moduleOf([]), {}, place);

  it('is kept by its key until it is replaced or dropped', async () => {
    log.length = 0;
    const place = placeOf();
    const first = handle('first');
    await using(place, ({ shelf }) => shelf.put('x', first));
    assert.equal(await using(place, ({ shelf }) => shelf.get('x')), first);
    await using(place, ({ shelf }) => shelf.put('x', handle('second')));
    assert.deepEqual(log, ['deletes first']);
    await using(place, ({ shelf }) => shelf.drop('x'));
    assert.deepEqual(log, ['deletes first', 'deletes second']);
    assert.equal(await using(place, ({ shelf }) => shelf.get('x')), undefined);
  });
});
