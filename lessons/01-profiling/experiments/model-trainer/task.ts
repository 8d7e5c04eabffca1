/**
 * Trains a model to the end, or until it is stopped: then the training stays on the worker's shelf, and a later run may go on with its next
 * batch.
 */
import { countRight, kPixels, testSet, trainingSet, type TestSet } from '#lab/fashion.ts';
import { defineTask, type Bare, type Envelope, type Shelf } from '#lab/task.ts';
import {
  Curve,
  kSeed,
  kTraining,
  trainingKey,
  type CurvePoint,
  type EpochEnd,
  type SavedTraining,
  type TrainSettings,
} from '#lab/training.ts';
import type { Cnn, Mlp, ModelModule, Trainer, TrainingProgress } from '#lab/types.ts';

export interface TrainOptions {
  settings: TrainSettings;
  threads: number;
  /** Goes on after the last batch of a paused training of the same settings, if the worker still has it. */
  paused: boolean;
  /** Else goes on after this epoch; null: from the beginning. */
  from: SavedTraining | null;
}

export interface TrainReport extends Envelope {
  settings: TrainSettings;
  /** From 1; 0 before the first batch. */
  epoch: number;
  batch: number;
  batches: number;
  learningRate: number;
  points: CurvePoint[];
  /** Of the epochs that are done. */
  ends: EpochEnd[];
  /** Of the epoch that runs; 0 before its first batch. Tests are not counted. */
  imagesPerSecond: number;
  /** The test images are being classified. */
  testing: boolean;
  /** Of an epoch that has just ended; in the last report, of the last one that did. */
  saved: SavedTraining | null;
}

/** Test images between two looks at the stop button. */
const kTestBatch = 200;
/** An exact rung of one thread that every build has. */
const kTestRung = 'simd';

export default defineTask({
  module: 'models',
  async open(models, options: TrainOptions, { parse, shelf }) {
    const [train, test] = await Promise.all([trainingSet(parse), testSet(parse)]);
    const kept = shelf.get<Training>(kTraining);
    const goesOn = options.paused && kept?.key === trainingKey(options.settings);
    const training = goesOn ? kept : begin(models, options, train, test, shelf);
    return {
      step: () => {
        try {
          return training.step();
        } catch (error) {
          shelf.drop(kTraining);
          throw error;
        }
      },
      progress: () => training.progress,
      urgent: () => training.hasNews,
      report: (done) => training.report(done),
      finish: () => shelf.drop(kTraining),
    };
  },
});

function begin(models: ModelModule, options: TrainOptions, train: TestSet, test: TestSet, shelf: Shelf): Training {
  shelf.drop(kTraining); // before there are two
  return shelf.put(kTraining, new Training(models, options, train, test));
}

/** The model at an epoch's end, on its way through the test images. */
interface Test {
  model: Mlp | Cnn;
  checkpoint: Uint8Array;
  done: number;
  right: number;
}

/** A training with all that lasts over a pause. */
class Training {
  readonly key: string;
  readonly #models: ModelModule;
  readonly #settings: TrainSettings;
  readonly #train: TestSet;
  readonly #testSet: TestSet;
  readonly #trainer: Trainer;
  readonly #curve: Curve;
  readonly #ends: EpochEnd[];
  #progress: TrainingProgress;
  #test: Test | null = null;
  /** Training alone, of the epoch that runs. */
  #seconds = 0;
  #images = 0;
  #saved: SavedTraining | null;
  /** The page has not been told of #saved. */
  #isNew = false;

  constructor(models: ModelModule, { settings, from }: TrainOptions, train: TestSet, test: TestSet) {
    const { model, epochs, batch, learningRate, fast } = settings;
    const all = { epochs, batch, learningRate, fast, cosine: true, weightDecay: 0, seed: kSeed };
    this.#trainer = new models.Trainer(model, train.images, train.labels, all);
    try {
      if (from !== null) this.#trainer.restore(from.state);
    } catch (error) {
      this.#trainer.delete();
      throw error;
    }
    this.key = trainingKey(settings);
    this.#models = models;
    this.#settings = settings;
    this.#train = train;
    this.#testSet = test;
    this.#progress = this.#trainer.progress();
    this.#curve = new Curve(train.labels.length, batch, epochs, from?.points ?? []);
    this.#ends = [...(from?.ends ?? [])];
    this.#saved = from;
  }

  delete(): void {
    this.#test?.model.delete();
    this.#trainer.delete();
  }

  get progress(): number {
    const { epoch, batch, batches } = this.#progress;
    return (Math.max(0, epoch - 1) + (batches === 0 ? 0 : batch / batches)) / this.#settings.epochs;
  }

  get hasNews(): boolean {
    return this.#isNew;
  }

  /** A batch, or a part of the test at an epoch's end. False at the end of the training. */
  step(): boolean {
    if (this.#test === null) {
      if (this.#trainer.progress().done) return false; // kept after its last epoch
      this.#trainNext();
      return true;
    }
    this.#testNext(this.#test);
    if (this.#test.done < this.#testSet.count) return true;
    this.#endEpoch(this.#test);
    return !this.#trainer.progress().done;
  }

  #trainNext(): void {
    const start = performance.now();
    const progress = this.#trainer.step();
    const seconds = (performance.now() - start) / 1000;
    if (progress.batch === 1) [this.#seconds, this.#images] = [0, 0];
    this.#seconds += seconds;
    this.#images = Math.min(this.#train.count, progress.batch * this.#settings.batch);
    this.#progress = progress;
    this.#curve.add(progress);
    if (progress.batch < progress.batches) return;
    const checkpoint = this.#trainer.checkpoint();
    const { Mlp, Cnn } = this.#models;
    const model = this.#settings.model === 'mlp' ? new Mlp(checkpoint) : new Cnn(checkpoint);
    this.#test = { model, checkpoint, done: 0, right: 0 };
  }

  #testNext(test: Test): void {
    const { count, images, labels } = this.#testSet;
    const end = Math.min(count, test.done + kTestBatch);
    const { predictions } = test.model.classify(images.subarray(test.done * kPixels, end * kPixels), kTestRung);
    test.right += countRight(predictions, labels.subarray(test.done, end));
    test.done = end;
  }

  #endEpoch(test: Test): void {
    const { epoch, loss, accuracy } = this.#progress;
    const [testRight, testCount, digest] = [test.right, test.done, test.model.digest()];
    const imagesPerSecond = this.#images / this.#seconds;
    this.#ends.push({ epoch, loss, accuracy, testRight, testCount, imagesPerSecond, digest });
    test.model.delete();
    this.#test = null;
    this.#saved = {
      version: 1,
      key: this.key,
      epoch,
      state: this.#trainer.save(),
      checkpoint: test.checkpoint,
      points: [...this.#curve.points],
      ends: [...this.#ends],
    };
    this.#isNew = true;
  }

  report(done: boolean): Bare<TrainReport> {
    const { epoch, batch, batches, learningRate } = this.#progress;
    const saved = done || this.#isNew ? this.#saved : null;
    this.#isNew = false;
    return {
      settings: this.#settings,
      epoch,
      batch,
      batches,
      learningRate,
      points: this.#curve.points,
      ends: this.#ends,
      imagesPerSecond: this.#seconds === 0 ? 0 : this.#images / this.#seconds,
      testing: this.#test !== null,
      saved,
    };
  }
}
