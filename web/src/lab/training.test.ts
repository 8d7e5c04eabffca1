// The settings of a training, its curve, and what is kept of it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StoreWithFallback, MemoryStore, type Store } from './store.ts';
import {
  checkpointName,
  Curve,
  isSavedTraining,
  kDefaultTraining,
  trainingKey,
  type BatchProgress,
  type SavedTraining,
} from './training.ts';
import { valuesOf } from '../kit/fields.ts';
import { kFields, trainSettings } from '../../../lessons/01-profiling/experiments/model-trainer/settings.ts';
import { kMostTrainings, Trainings } from '../../../lessons/01-profiling/experiments/model-trainer/trainings.ts';

describe('a training’s settings', () => {
  it('are read where they make sense', () => {
    const read = (said: Record<string, string>) =>
      trainSettings(valuesOf(kFields, (name) => said[name], { threads: 1 }));
    assert.deepEqual(read({}), kDefaultTraining);
    assert.deepEqual(read({ model: 'cnn', epochs: '2', batch: '64', rate: '0.003', mode: 'fast' }), {
      model: 'cnn',
      epochs: 2,
      batch: 64,
      learningRate: 0.003,
      fast: true,
    });
    const broken = { model: 'lm', epochs: '4', batch: '1e9', rate: 'NaN', mode: 'quick' };
    assert.deepEqual(read(broken), kDefaultTraining);
  });

  it('have a key that differs where the weights would', () => {
    const changes = [
      {},
      { model: 'cnn' },
      { epochs: 2 },
      { batch: 64 },
      { learningRate: 0.01 },
      { fast: true },
    ] as const;
    const keys = changes.map((change) => trainingKey({ ...kDefaultTraining, ...change }));
    assert.equal(new Set(keys).size, changes.length);
    assert.equal(keys[0], 'mlp, epochs 5, batch 128, rate 0.001, exact, seed 1');
  });

  it('name the checkpoint', () => {
    assert.equal(checkpointName(kDefaultTraining, 1), 'fashion-mlp-1-epoch.safetensors');
    assert.equal(checkpointName({ ...kDefaultTraining, model: 'cnn' }, 5), 'fashion-cnn-5-epochs.safetensors');
  });
});

/** What the library tells of batches with these losses and numbers of right answers: means over the epoch so far. */
function tell(
  images: number,
  size: number,
  epoch: number,
  batches: { loss: number; right: number }[],
): BatchProgress[] {
  let [seen, loss, right] = [0, 0, 0];
  return batches.map((batch, i) => {
    const rows = Math.min(size, images - seen);
    seen += rows;
    loss += batch.loss * rows;
    right += batch.right;
    return { epoch, batch: i + 1, batches: batches.length, loss: loss / seen, accuracy: right / seen };
  });
}

describe('a curve', () => {
  const batches = [
    { loss: 2, right: 1 },
    { loss: 1, right: 2 },
    { loss: 0.5, right: 2 },
  ];
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a}, not ${b}`);

  it('takes the means over an epoch apart again, the last batch being smaller', () => {
    const curve = new Curve(10, 4, 2, []);
    for (const epoch of [1, 2]) for (const progress of tell(10, 4, epoch, batches)) curve.add(progress);
    assert.equal(curve.points.length, 6);
    const wanted = [0, 3].flatMap(() => [
      [2, 0.25],
      [1, 0.5],
      [0.5, 1],
    ]);
    curve.points.forEach(({ at, loss, accuracy }, i) => {
      near(at, (i + 1) / 3);
      near(loss, wanted[i]![0]!);
      near(accuracy, wanted[i]![1]!);
    });
  });

  it('has a point for several batches where there are many, and one at each epoch’s end', () => {
    const count = 100;
    const losses = Array.from({ length: count }, (_, i) => ({ loss: i, right: 0 }));
    const curve = new Curve(count, 1, 10, []); // 1,000 batches: five a point
    for (const progress of tell(count, 1, 1, losses)) curve.add(progress);
    assert.equal(curve.points.length, 20);
    near(curve.points[0]!.loss, 2);
    near(curve.points[19]!.loss, 97);
    assert.equal(curve.points[19]!.at, 1);
    const uneven = new Curve(7, 1, 100, []); // 700 batches: three a point
    for (const progress of tell(7, 1, 1, losses.slice(0, 7))) uneven.add(progress);
    assert.deepEqual(
      uneven.points.map(({ loss }) => Math.round(loss)),
      [1, 4, 6],
    );
  });

  it('goes on after what was drawn before', () => {
    const before = [{ at: 1, loss: 3, accuracy: 0.1 }];
    const curve = new Curve(10, 4, 2, before);
    for (const progress of tell(10, 4, 2, batches)) curve.add(progress);
    assert.deepEqual(curve.points[0], before[0]);
    near(curve.points[1]!.loss, 2);
    assert.equal(before.length, 1);
  });
});

describe('a kept training', () => {
  const end = { epoch: 1, loss: 1, accuracy: 0.5, testRight: 1, testCount: 2, imagesPerSecond: 9, digest: 'ab' };
  const saved: SavedTraining = {
    version: 1,
    key: 'k',
    epoch: 1,
    state: new Uint8Array(3),
    checkpoint: new Uint8Array(2),
    points: [{ at: 1, loss: 1, accuracy: 0.5 }],
    ends: [end],
  };

  it('is told from what another version of the page kept', () => {
    assert.ok(isSavedTraining(saved));
    assert.ok(isSavedTraining(structuredClone(saved)));
    const broken: unknown[] = [
      null,
      'x',
      {},
      { ...saved, version: 2 },
      { ...saved, epoch: 2 },
      { ...saved, state: [1, 2] },
      { ...saved, points: [{ at: 1, loss: null, accuracy: 0.5 }] },
      { ...saved, points: [null] },
      { ...saved, ends: [{ ...end, epoch: 2 }] },
      { ...saved, ends: [{ ...end, digest: 7 }] },
    ];
    for (const value of broken) assert.ok(!isSavedTraining(value), JSON.stringify(value));
  });

  it('is kept for as long as the page where the browser keeps nothing', async () => {
    const fail = () => Promise.reject(new Error('quota'));
    const broken: Store<SavedTraining> = { get: fail, set: fail, delete: fail, keys: fail };
    const store = new StoreWithFallback<SavedTraining>(broken, new MemoryStore());
    await store.set('k', saved);
    assert.ok(!store.keeps);
    assert.equal(await store.get('k'), saved);
    assert.deepEqual(await store.keys(), ['k']);
  });

  it('stays as long as it is one of the newest', async () => {
    let now = 1000;
    const memory = new MemoryStore<SavedTraining>();
    const store = new Trainings(new StoreWithFallback(memory, new MemoryStore()), () => now++);
    await memory.set('before', saved); // by an earlier version, without a time
    for (const key of ['a', 'b', 'c', 'a', 'd']) await store.set(key, saved);
    assert.deepEqual((await memory.keys()).sort(), ['a', 'b', 'c', 'd']);
    await store.set('e', saved);
    assert.equal(kMostTrainings, 4);
    assert.deepEqual((await memory.keys()).sort(), ['a', 'c', 'd', 'e'], 'b is the oldest, a was stored again');
    await store.delete('a');
    assert.equal(await store.get('a'), null);
    assert.equal((await store.get('e'))?.epoch, saved.epoch);
  });
});
