// The trainer's task with the real library, stopped where the test says.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { isSavedTraining, trainingKey, type SavedTraining, type TrainSettings } from '#lab/training.ts';
import drop from '../lessons/01-profiling/experiments/model-trainer/drop.task.ts';
import train, { type TrainOptions, type TrainReport } from '../lessons/01-profiling/experiments/model-trainer/task.ts';
import { loadModule, type Library, type Models, readTestImages, readTestLabels } from './lib/library.ts';
import { ask, idxFile, placeOf, run } from './lib/tasks.ts';
import { kTrainedDigest, kTrainedRight } from './lib/trained.ts';

const kTrainImages = 100;
const kTestImages = 450; // more than the task tests at once, and no multiple of that
const images = readTestImages();
const labels = readTestLabels();
const part = (from: number, to: number) => ({
  images: images.subarray(from * 784, to * 784),
  labels: labels.subarray(from, to),
});
const data = { train: part(0, kTrainImages), test: part(1000, 1000 + kTestImages) };
const kSteps = 4; // batches an epoch
const kTests = 3; // steps that test
const settings: TrainSettings = { model: 'mlp', epochs: 3, batch: 32, learningRate: 0.001, fast: false };

describe('the training task', () => {
  let module: Models;
  let kernels: Library;
  before(async () => {
    [module, kernels] = await Promise.all([loadModule('simd', 'models'), loadModule('simd', 'optlab')]);
  });
  const file = ({ images, labels }: { images: Uint8Array; labels: Uint8Array }) => [
    idxFile([labels.length, 28, 28], images),
    idxFile([labels.length], labels),
  ];
  const [trainImages, trainLabels] = file(data.train);
  const [testImages, testLabels] = file(data.test);
  const place = placeOf({ trainImages, trainLabels, testImages, testLabels });
  const dropTraining = () => ask(drop, kernels, {}, place);

  async function runTraining(changed: Partial<TrainOptions> = {}, steps = Infinity) {
    const reports: TrainReport[] = [];
    const options = { settings, threads: 1, paused: false, from: null, ...changed };
    const last: TrainReport = await run(train, module, options, {
      steps,
      place,
      onReport: (report) => reports.push(report),
    });
    return { last, reports };
  }

  /** What may differ from run to run are times. */
  const outcome = ({ points, ends, saved }: TrainReport) => ({
    points,
    ends: ends.map((end) => ({ ...end, imagesPerSecond: 0 })),
    state: saved?.state,
    checkpoint: saved?.checkpoint,
  });

  it('trains, tests after each epoch, and hands out what a later page needs', async () => {
    for (const model of ['mlp', 'cnn'] as const) {
      const { last, reports } = await runTraining({ settings: { ...settings, model } });
      assert.deepEqual([last.done, last.stopped, last.progress, last.epoch, last.batch], [true, false, 1, 3, kSteps]);
      assert.deepEqual(
        last.ends.map(({ epoch, testCount }) => [epoch, testCount]),
        [1, 2, 3].map((epoch) => [epoch, kTestImages]),
      );
      assert.equal(last.points.length, 3 * kSteps);
      assert.ok(last.points.at(-1)!.loss < last.points[0]!.loss);
      const end = last.ends[2]!;
      assert.ok(end.testRight > 0.2 * kTestImages && end.imagesPerSecond > 0);
      const fresh = reports.filter(({ saved }) => saved !== null).map(({ saved }) => saved!.epoch);
      assert.deepEqual(fresh, [1, 2]); // the third comes with the result
      const saved = last.saved!;
      assert.ok(isSavedTraining(saved));
      assert.equal(saved.epoch, 3);

      const trained = new module[model === 'mlp' ? 'Mlp' : 'Cnn'](saved.checkpoint);
      assert.equal(trained.digest(), end.digest);
      const { predictions } = trained.classify(data.test.images, 'simd');
      assert.equal(predictions.filter((label, i) => label === data.test.labels[i]).length, end.testRight);
      trained.delete();
    }
  });

  it('comes to the weights that a browser and the native program come to', async () => {
    const threaded = await loadModule('relaxed-threads', 'models', 2);
    threaded.setThreads(2);
    const options = { settings: { ...settings, batch: 128 }, threads: 2, paused: false, from: null };
    const { ends } = await run(train, threaded, options); // with the committed images
    assert.deepEqual(
      ends.map(({ testRight }) => testRight),
      kTrainedRight,
    );
    assert.equal(ends.at(-1)!.digest, kTrainedDigest);
  });

  it('goes on after a pause at any step as if there had been none', async () => {
    const whole = await runTraining();
    for (const pauses of [[1], [kSteps], [kSteps + 1, 1], [kSteps + kTests, 2, 5], [0, 0]]) {
      let { last } = await runTraining({}, pauses[0]);
      for (const count of [...pauses.slice(1), Infinity]) {
        assert.ok(last.stopped && last.done);
        ({ last } = await runTraining({ paused: true }, count));
      }
      assert.ok(!last.stopped);
      assert.deepEqual(outcome(last), outcome(whole.last), String(pauses));
    }
  });

  it('goes on after the last whole epoch where the worker has nothing', async () => {
    const whole = await runTraining();
    const { last } = await runTraining({}, kSteps + kTests + 2);
    const from = last.saved!;
    assert.equal(from.epoch, 1);
    assert.equal(last.points.length, kSteps + 2);
    assert.equal(from.points.length, kSteps);
    for (const paused of [false, true]) {
      await dropTraining();
      const resumed = await runTraining({ from, paused });
      assert.equal(resumed.reports[0]!.progress, 1 / 3);
      assert.deepEqual(outcome(resumed.last), outcome(whole.last));
    }
  });

  it('starts anew when it is told to, or for other settings', async () => {
    await runTraining({}, 6);
    const anew = await runTraining({}, 1);
    assert.deepEqual([anew.last.epoch, anew.last.batch], [1, 1]);
    const other = await runTraining({ settings: { ...settings, batch: 50 }, paused: true }, 1);
    assert.deepEqual([other.last.batch, other.last.batches], [1, 2]);
    await dropTraining();
  });

  it('has nothing to do after the last epoch', async () => {
    const from = (await runTraining()).last.saved!;
    const { last } = await runTraining({ from });
    assert.deepEqual([last.stopped, last.ends.length], [false, 3]);
  });

  it('refuses another training’s state, and says when training diverges', async () => {
    const from: SavedTraining = (await runTraining({}, kSteps + kTests + 1)).last.saved!;
    await dropTraining();
    const other = { ...settings, epochs: 2 };
    assert.notEqual(trainingKey(other), trainingKey(settings));
    await assert.rejects(runTraining({ settings: other, from }), { name: 'DataError' });
    await assert.rejects(runTraining({ settings: { ...settings, learningRate: 1e30 } }), /the loss is not finite/);
  });

  it('loses no memory', async () => {
    const cycle = async () => {
      const from = (await runTraining({}, kSteps + 2)).last.saved; // within a test
      await runTraining({ paused: true }, 3);
      await runTraining({ from });
      await assert.rejects(runTraining({ settings: { ...settings, learningRate: 1e30 } }));
      await dropTraining();
    };
    await cycle();
    const inUse = module.memoryInUse();
    for (let i = 0; i < 3; ++i) await cycle();
    assert.equal(module.memoryInUse(), inUse);
  });
});
