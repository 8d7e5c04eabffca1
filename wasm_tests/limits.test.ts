// What lesson 03 measures of costs and limits: the worker's tasks with the real library, and decoders of several sequences.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { kExactDecoder } from '#lab/generation.ts';
import growth, { type GrowthReport } from '../lessons/03-memory/experiments/cost-curve/task.ts';
import { batchFigures, bytesPerToken, loadFigures, parametersOf, readFigures } from '#lab/limits.ts';
import type { BuildName } from '#lab/types.ts';
import { batchesWith, loadsWith, readingWith } from '../web/src/workers/limits-tasks.ts';
import { isThreaded, kBuilds, type Lms, loadModule, readLm } from './lib/library.ts';
import { run } from './lib/tasks.ts';

/** Calls `step` at most `count` times, reporting after each. */
const loopOf =
  (count = Infinity) =>
  (step: () => boolean, report: () => void): Promise<boolean> => {
    for (let i = 0; i < count; ++i) {
      if (!step()) return Promise.resolve(false);
      report();
    }
    return Promise.resolve(true);
  };
const ignore = () => {};

describe('costs and limits', () => {
  let lms: Lms;
  const shared = { model: readLm(), decoder: kExactDecoder, threads: 1, repetitions: 2 };
  const named = { ...shared, model: 'lmTiny' as const };
  before(async () => {
    lms = await loadModule('relaxed', 'lm');
  });

  it('measures tokens at each position, with the cache and without', async () => {
    const reports: GrowthReport[] = [];
    const options = { ...named, positions: [8, 64, 300] };
    const report = await run(growth, lms, options, { onReport: (each) => reports.push(each) });
    assert.deepEqual([report.done, report.stopped, report.progress], [true, false, 1]);
    assert.deepEqual(
      report.points.map(({ position, cached, uncached }) => [position, cached.length, uncached.length]),
      [8, 64, 300].map((position) => [position, 4, 2]),
    );
    for (const { cached, uncached } of report.points)
      assert.ok([...cached, ...uncached].every((seconds) => seconds > 0));
    // Nobody computes 301 tokens in the time of one.
    const last = report.points[2]!;
    assert.ok(Math.min(...last.uncached) > Math.max(...last.cached));
    assert.equal(report.config.dim, 96);
    const progress = reports.map((each) => each.progress);
    assert.deepEqual(
      progress,
      progress.toSorted((a, b) => a - b),
    );
    assert.ok(!('model' in report.options));
  });

  it('stops with what it has', async () => {
    const report = await run(growth, lms, { ...named, positions: [8, 64] }, { steps: 1 });
    assert.deepEqual([report.done, report.stopped], [true, true]);
    assert.deepEqual(
      report.points.map(({ uncached }) => uncached.length),
      [1, 0],
    );
  });

  it('measures short and long loads, and a prompt that is still there', async () => {
    const cases = [
      { prompt: 2, count: 1 },
      { prompt: 4, count: 8 },
      { prompt: 240, count: 4 },
    ];
    const report = await loadsWith(lms, { ...shared, cases }, ignore, loopOf());
    const [one, some, long] = report.rows.map((row) => loadFigures(row)!);
    assert.equal(one!.decode, 0);
    assert.equal(one!.prefillShare, 1);
    assert.ok(some!.uncached > some!.prefill && some!.decode > 0);
    assert.ok(long!.uncached > long!.cached && long!.prefill > 2 * long!.again);
    const model = new lms.Lm(readLm());
    assert.equal(report.rows[2]!.bytesInUse, 243 * bytesPerToken(model.config(), 'f32'));
    assert.deepEqual(report.footprint, model.footprint(kExactDecoder));
    assert.equal(parametersOf(model.config()), model.parameters());
    model.delete();
  });

  it('measures a token while the cache grows beyond what the model was trained for', async () => {
    for (const storage of ['f32', 'int8'] as const) {
      const decoder = { ...kExactDecoder, storage };
      const report = await readingWith(lms, { ...shared, decoder, positions: [0, 64, 600] }, ignore, loopOf());
      const figures = readFigures(report.points);
      const model = new lms.Lm(readLm());
      assert.deepEqual(
        figures.map(({ bytes }) => bytes),
        [1, 65, 601].map((tokens) => tokens * bytesPerToken(model.config(), storage)),
      );
      model.delete();
      assert.ok(figures[2]!.seconds > figures[0]!.seconds);
    }
  });

  it('measures steps of several sequences', async () => {
    const report = await batchesWith(lms, { ...shared, batches: [1, 2, 5], context: 20 }, ignore, loopOf());
    assert.deepEqual(
      report.points.map(({ batch, seconds }) => [batch, seconds.length]),
      [1, 2, 5].map((batch) => [batch, 2]),
    );
    const figures = batchFigures(report);
    assert.equal(figures[0]!.gain, 1);
    assert.ok(figures[2]!.seconds > figures[0]!.seconds);
    assert.ok(figures[2]!.each < figures[2]!.rate);
    assert.equal(report.cacheBytes, 20 * 1152);
    const stopped = await batchesWith(lms, { ...shared, batches: [1, 2], context: 20 }, ignore, loopOf(1));
    assert.deepEqual(batchFigures(stopped), []);
  });

  it('gives all memory back', async () => {
    const run = () => batchesWith(lms, { ...shared, batches: [1, 2], context: 20 }, ignore, loopOf());
    await run();
    const inUse = lms.memoryInUse();
    await run();
    assert.equal(lms.memoryInUse(), inUse);
  });
});

function describeSequences(build: BuildName): void {
  it('gives each sequence what it would have alone', async () => {
    const lms = await loadModule(build, 'lm', 2);
    lms.setThreads(isThreaded(build) ? 2 : 1);
    const model = new lms.Lm(readLm());
    const ids = Int32Array.from({ length: 60 }, (_, i) => (i * 37) % 2048);
    const together = new lms.Decoder(model, { ...kExactDecoder, sequences: 3 });
    for (let s = 0; s < 3; ++s) together.feedSequence(s, ids.subarray(s, s + 10 + s));
    for (let t = 0; t < 5; ++t)
      assert.ok(together.step(Int32Array.from({ length: 3 }, (_, s) => ids[2 * s + 10 + t]!)) >= 0);
    assert.equal(together.length(), 15);
    // The third sequence goes on; what follows depends on all that it has seen.
    const alone = new lms.Decoder(model, kExactDecoder);
    alone.feed(ids.subarray(2, 19));
    alone.feed(ids.subarray(19, 20));
    together.feedSequence(2, ids.subarray(19, 20));
    assert.deepEqual([...together.logits()], [...alone.logits()]);
    together.truncate(12);
    assert.equal(together.length(), 12);
    const refuses = (message: RegExp, call: () => unknown) =>
      assert.throws(call, (error: unknown) => error instanceof RangeError && message.test(error.message));
    refuses(/sequence 3; want 0 to 2/, () => together.feedSequence(3, ids));
    refuses(/sequence 3; want 0 to 2/, () => together.step(ids.subarray(0, 4)));
    refuses(/0 sequences/, () => new lms.Decoder(model, { ...kExactDecoder, sequences: 0 }));
    for (const handle of [alone, together, model]) handle.delete();
  });
}

for (const build of kBuilds) describe(`sequences side by side with ${build}`, () => describeSequences(build));
