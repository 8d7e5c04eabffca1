// Models and training as JavaScript sees them, in each of the four WebAssembly builds.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { BuildName, VariantInfo } from '#lab/types.ts';
import {
  isThreaded,
  kBuilds,
  kRoot,
  loadModule,
  type Models,
  readGoldenImages,
  readModel,
  readTestImages,
  readTestLabels,
} from './lib/library.ts';

/** Of the committed CNN on the golden images; also in models/README.md and src/image/golden_test.cpp. */
const kCnnLogitsDigest = 'e774071b97e98bc4';
const kCnnWeightsDigest = 'da0430c6c9a1b8b2';
/** On the 2,000 committed test images, from models/README.md. */
const kCnnAccuracy = 0.918;

const cnnFile = Uint8Array.from(readFileSync(join(kRoot, 'models/fashion-cnn.safetensors')));
const images = readTestImages();
const labels = readTestLabels();
const kImages = 60;
const someImages = images.subarray(0, kImages * 784);
const someLabels = labels.subarray(0, kImages);
const settings = { epochs: 3, batch: 16, learningRate: 0.002, cosine: true, weightDecay: 0, seed: 7, fast: false };

type Trainer = InstanceType<Models['Trainer']>;

const accuracy = (predictions: Uint8Array, truth: Uint8Array): number =>
  predictions.filter((prediction, i) => prediction === truth[i]).length / truth.length;

function refuses(name: string, message: RegExp, call: () => unknown): void {
  assert.throws(call, (error: unknown) => {
    assert.ok(error instanceof Error, String(error));
    assert.equal(error.name, name, error.message);
    assert.match(error.message, message);
    return true;
  });
}

/** Trains to the end of `epochs` epochs. */
function trainTo(trainer: Trainer, epochs: number): void {
  const goesOn = ({ epoch, batch, batches }: ReturnType<Trainer['progress']>): boolean =>
    epoch < epochs || batch < batches;
  while (goesOn(trainer.progress())) trainer.step();
}

function describeBuild(build: BuildName): void {
  let library: Models;
  let variants: VariantInfo[];
  before(async () => {
    library = await loadModule(build, 'models', 2);
    variants = (await loadModule(build, 'optlab')).gemmVariants().filter((rung) => rung.supported && !rung.prepacked);
    library.setThreads(isThreaded(build) ? 2 : 1);
  });
  /** The model as it is now. */
  const modelOf = (kind: 'mlp' | 'cnn', trainer: Trainer): InstanceType<Models['Mlp' | 'Cnn']> =>
    kind === 'mlp' ? new library.Mlp(trainer.checkpoint()) : new library.Cnn(trainer.checkpoint());
  const digestOf = (kind: 'mlp' | 'cnn', trainer: Trainer): string => {
    const model = modelOf(kind, trainer);
    const digest = model.digest();
    model.delete();
    return digest;
  };
  const trainerOf = (kind: 'mlp' | 'cnn', changed: Partial<typeof settings & { dropout: number }> = {}): Trainer =>
    new library.Trainer(kind, someImages, someLabels, { ...settings, ...changed });

  it('classifies with the CNN, folded or not', () => {
    const cnn = new library.Cnn(cnnFile);
    assert.equal(cnn.parameters(), 105_914);
    assert.equal(cnn.digest(), kCnnWeightsDigest);
    for (const { name, mode } of variants) {
      const result = cnn.classify(readGoldenImages(), name);
      if (mode === 'exact') assert.equal(result.logitsDigest, kCnnLogitsDigest, name);
      assert.equal(result.predictions.length, 64);
    }
    assert.ok(cnn.packedBytes() > 4 * 105_000); // all but norms and biases
    const exact = cnn.classify(images, 'simd').predictions;
    assert.equal(accuracy(exact, labels), kCnnAccuracy);
    assert.deepEqual(
      cnn.network().map(({ kind }) => kind),
      [
        ...['Conv2d', 'BatchNorm', 'MaxPool2d', 'Conv2d', 'BatchNorm', 'MaxPool2d'],
        ...['Flatten', 'Linear', 'Dropout', 'Linear'],
      ],
    );
    assert.deepEqual(cnn.network()[3], { name: 'conv2', kind: 'Conv2d', output: [14, 14, 32] });
    cnn.fold();
    assert.equal(cnn.network().length, 8);
    const folded = cnn.classify(images, 'simd').predictions;
    assert.ok(Math.abs(accuracy(folded, labels) - kCnnAccuracy) < 0.002);
    cnn.delete();
  });

  it('keeps models of different kinds apart', () => {
    refuses('DataError', /no tensor "conv1.weight"/, () => new library.Cnn(readModel()));
    refuses('DataError', /no tensor "layers.0.weight"/, () => new library.Mlp(cnnFile));
    refuses('DataError', /./, () => new library.Cnn(cnnFile.subarray(0, 5000)));
    const mlp = new library.Mlp(readModel());
    assert.deepEqual(
      mlp.network().map(({ name, output }) => [name, output]),
      [
        ['layers.0', [256]],
        ['layers.1', [128]],
        ['layers.2', [10]],
      ],
    );
    mlp.delete();
  });

  it('trains step by step', () => {
    for (const kind of ['mlp', 'cnn'] as const) {
      for (const fast of [false, true]) {
        const trainer = trainerOf(kind, { epochs: 8, fast });
        assert.deepEqual([trainer.progress().epoch, trainer.progress().done], [0, false]);
        const first = trainer.step();
        assert.deepEqual([first.epoch, first.batch, first.batches, first.epochs], [1, 1, 4, 8]);
        assert.equal(Math.fround(first.learningRate), Math.fround(0.002));
        assert.ok(!first.done);
        trainTo(trainer, 8);
        const last = trainer.progress();
        assert.ok(last.done);
        assert.ok(last.loss < 0.6 * first.loss, `${kind}: ${first.loss} to ${last.loss}`);
        const model = modelOf(kind, trainer);
        assert.ok(accuracy(model.classify(someImages, 'simd').predictions, someLabels) > 0.6);
        model.delete();
        refuses('RangeError', /done/, () => trainer.step());
        trainer.delete();
      }
    }
  });

  it('goes on after a reload as if nothing had happened', () => {
    for (const kind of ['mlp', 'cnn'] as const) {
      const whole = trainerOf(kind);
      trainTo(whole, 1);
      const state = whole.save();
      trainTo(whole, 3);
      const resumed = trainerOf(kind);
      resumed.restore(state);
      assert.equal(resumed.progress().epoch, 1);
      trainTo(resumed, 3);
      assert.equal(digestOf(kind, resumed), digestOf(kind, whole));
      for (const handle of [whole, resumed]) handle.delete();
    }
  });

  it('trains the CNN with the dropout that is asked for', () => {
    const digests = [undefined, 0.25, 0].map((dropout) => {
      const trainer = trainerOf('cnn', dropout === undefined ? {} : { dropout });
      trainTo(trainer, 1);
      const digest = digestOf('cnn', trainer);
      const state = trainer.save();
      trainer.delete();
      return { digest, state };
    });
    assert.equal(digests[1]!.digest, digests[0]!.digest);
    assert.notEqual(digests[2]!.digest, digests[0]!.digest);
    const trainer = trainerOf('cnn', { dropout: 0 });
    refuses('DataError', /dropout 0\.25.*this training is .*dropout 0 /, () => trainer.restore(digests[0]!.state));
    trainer.restore(digests[2]!.state);
    trainer.delete();
    refuses('RangeError', /dropout: rate is 1/, () => trainerOf('cnn', { dropout: 1 }));
  });

  it('refuses what does not fit', () => {
    refuses('RangeError', /no model "lm"/, () => trainerOf('lm' as 'mlp'));
    for (const [key, value, message] of [
      ['epochs', 0, /must be > 0/],
      ['batch', 2.5, /batch is 2\.5.*whole number/],
      ['learningRate', NaN, /must be > 0/],
      ['weightDecay', -1, /weight_decay >= 0/],
      ['seed', -1, /seed is -1/],
    ] as const) {
      refuses('RangeError', message, () => trainerOf('mlp', { [key]: value }));
    }
    refuses('RangeError', /783 pixels for 1 labels/, () => {
      return new library.Trainer('mlp', images.subarray(0, 783), labels.subarray(0, 1), settings);
    });
    refuses('RangeError', /a label is 10/, () => {
      return new library.Trainer('mlp', images.subarray(0, 784), Uint8Array.of(10), settings);
    });
    refuses('RangeError', /0 images/, () => new library.Trainer('mlp', new Uint8Array(), new Uint8Array(), settings));
    const trainer = trainerOf('mlp');
    trainer.step();
    refuses('RangeError', /end of an epoch/, () => trainer.save());
    const other = trainerOf('mlp', { seed: 8 });
    const digest = digestOf('mlp', trainer);
    refuses('DataError', /seed 8,.*this training is .*seed 7,/, () => trainer.restore(other.save()));
    refuses('DataError', /./, () => trainer.restore(new Uint8Array(7)));
    assert.equal(digestOf('mlp', trainer), digest);
    const high = trainerOf('mlp', { learningRate: 1e30 });
    refuses('Error', /the loss is not finite/, () => trainTo(high, 3));
    for (const handle of [trainer, other, high]) handle.delete();
  });

  it('loses no memory', () => {
    const cycle = (): void => {
      const trainer = trainerOf('cnn');
      trainTo(trainer, 1);
      trainer.restore(trainer.save());
      trainer.checkpoint();
      assert.throws(() => trainer.restore(new Uint8Array(7)));
      assert.throws(() => trainerOf('mlp', { batch: 0 }));
      trainer.delete();
    };
    for (let i = 0; i < 3; ++i) cycle();
    const inUse = library.memoryInUse();
    for (let i = 0; i < 10; ++i) cycle();
    assert.equal(library.memoryInUse() - inUse, 0);
  });
}

for (const build of kBuilds) describe(build, () => describeBuild(build));
