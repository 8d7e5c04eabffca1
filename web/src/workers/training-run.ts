import { countRight, kPixels } from '../lab/fashion.ts';
import type { LabelledImages, TrainOptions, TrainReport } from '../lab/protocol.ts';
import { Curve, kSeed, trainingKey, type EpochEnd, type SavedTraining } from '../lab/training.ts';
import type { Cnn, Mlp, ModelModule, Trainer, TrainingProgress } from '../lab/types.ts';

/** Test images between two looks at the stop button. */
const kTestBatch = 200;
/** An exact rung of one thread that every build has. */
const kTestRung = 'simd';

/** The model at an epoch's end, on its way through the test images. */
interface Test {
  model: Mlp | Cnn;
  checkpoint: Uint8Array;
  done: number;
  right: number;
}

/** A training with all that lasts over a pause. */
interface Run {
  key: string;
  module: ModelModule;
  trainer: Trainer;
  progress: TrainingProgress;
  curve: Curve;
  ends: EpochEnd[];
  test: Test | null;
  /** Training alone, of the epoch that runs. */
  seconds: number;
  images: number;
  saved: SavedTraining | null;
  /** The page has not been told of `saved`. */
  isNew: boolean;
}

/** The training that runs or is paused. */
let current: Run | null = null;

export function dropTraining(): void {
  current?.test?.model.delete();
  current?.trainer.delete();
  current = null;
}

/** Calls `step` until it returns false or the reader stops it, then true; reports now and then, and when it is urgent. */
export type Loop = (step: () => boolean, report: () => void, urgent: () => boolean) => Promise<boolean>;

/** Trains to the end, or until it is stopped: then the training stays here, and a later call may go on with its next batch. */
export async function trainWith(
  module: ModelModule,
  options: TrainOptions,
  onProgress: (report: TrainReport) => void,
  loop: Loop,
): Promise<TrainReport> {
  const goesOn = options.paused && current?.key === trainingKey(options.settings);
  if (!goesOn) open(module, options);
  const run = current!;
  const report = () => {
    onProgress({ ...reportOf(run, options, false, false), saved: run.isNew ? run.saved : null });
    run.isNew = false;
  };
  try {
    const stopped = await loop(
      () => step(run, options),
      report,
      () => run.isNew,
    );
    const last = reportOf(run, options, true, stopped);
    if (!stopped) dropTraining();
    return last;
  } catch (error) {
    dropTraining();
    throw error;
  }
}

function open(module: ModelModule, { settings, train: data, from }: TrainOptions): void {
  dropTraining();
  const { model, epochs, batch, learningRate, fast } = settings;
  const all = { epochs, batch, learningRate, fast, cosine: true, weightDecay: 0, seed: kSeed };
  const trainer = new module.Trainer(model, data.images, data.labels, all);
  try {
    if (from !== null) trainer.restore(from.state);
  } catch (error) {
    trainer.delete();
    throw error;
  }
  current = {
    key: trainingKey(settings),
    module,
    trainer,
    progress: trainer.progress(),
    curve: new Curve(data.labels.length, batch, epochs, from?.points ?? []),
    ends: [...(from?.ends ?? [])],
    test: null,
    seconds: 0,
    images: 0,
    saved: from,
    isNew: false,
  };
}

/** A batch, or a part of the test at an epoch's end. False at the end of the training. */
function step(run: Run, options: TrainOptions): boolean {
  if (run.test === null) {
    if (run.trainer.progress().done) return false; // kept after its last epoch
    trainNext(run, options);
    return true;
  }
  testNext(run.test, options.test);
  if (run.test.done < options.test.labels.length) return true;
  endEpoch(run, run.test, options);
  return !run.trainer.progress().done;
}

function trainNext(run: Run, { settings, train: data }: TrainOptions): void {
  const count = data.labels.length;
  const start = performance.now();
  const progress = run.trainer.step();
  const seconds = (performance.now() - start) / 1000;
  if (progress.batch === 1) [run.seconds, run.images] = [0, 0];
  run.seconds += seconds;
  run.images = Math.min(count, progress.batch * settings.batch);
  run.progress = progress;
  run.curve.add(progress);
  if (progress.batch < progress.batches) return;
  const checkpoint = run.trainer.checkpoint();
  const model = settings.model === 'mlp' ? new run.module.Mlp(checkpoint) : new run.module.Cnn(checkpoint);
  run.test = { model, checkpoint, done: 0, right: 0 };
}

function testNext(test: Test, { images, labels }: LabelledImages): void {
  const end = Math.min(labels.length, test.done + kTestBatch);
  const part = images.subarray(test.done * kPixels, end * kPixels);
  const { predictions } = test.model.classify(part, kTestRung);
  test.right += countRight(predictions, labels.subarray(test.done, end));
  test.done = end;
}

function endEpoch(run: Run, test: Test, { settings }: TrainOptions): void {
  const { epoch, loss, accuracy } = run.progress;
  const [testRight, testCount, digest] = [test.right, test.done, test.model.digest()];
  run.ends.push({ epoch, loss, accuracy, testRight, testCount, imagesPerSecond: run.images / run.seconds, digest });
  test.model.delete();
  run.test = null;
  run.saved = {
    version: 1,
    key: trainingKey(settings),
    epoch,
    state: run.trainer.save(),
    checkpoint: test.checkpoint,
    points: [...run.curve.points],
    ends: [...run.ends],
  };
  run.isNew = true;
}

function reportOf(run: Run, { settings }: TrainOptions, done: boolean, stopped: boolean): TrainReport {
  const { epoch, batch, batches, learningRate } = run.progress;
  const passed = Math.max(0, epoch - 1) + (batches === 0 ? 0 : batch / batches);
  return {
    settings,
    epoch,
    batch,
    batches,
    learningRate,
    points: run.curve.points,
    ends: run.ends,
    imagesPerSecond: run.seconds === 0 ? 0 : run.images / run.seconds,
    testing: run.test !== null,
    saved: run.saved,
    progress: done && !stopped ? 1 : passed / settings.epochs,
    done,
    stopped,
  };
}
