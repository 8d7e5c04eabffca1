import type { ModelModule, TrainingProgress } from './types.ts';

/** Training in the browser: its settings, the curve that it draws, and what is kept at the end of each epoch. */

export const kTrainableModels = ['mlp', 'cnn'] as const;
/** As the committed models were trained (models/README.md): they differ in the number of images and epochs only. */
export const kSeed = 1;

/** Where the worker keeps the training that runs or is paused, between tasks. */
export const kTraining = 'training';

/** With `fast`, sums may be fused and reordered: faster, and other bits. */
export interface TrainSettings extends Pick<
  ConstructorParameters<ModelModule['Trainer']>[3],
  'epochs' | 'batch' | 'learningRate' | 'fast'
> {
  model: (typeof kTrainableModels)[number];
}

export const kDefaultTraining: TrainSettings = {
  model: 'mlp',
  epochs: 5,
  batch: 128,
  learningRate: 0.001,
  fast: false,
};

/** Names a training: one of the same settings goes on where another was left. Threads don't matter, no bit depends on them in exact mode. */
export function trainingKey({ model, epochs, batch, learningRate, fast }: TrainSettings): string {
  return [
    model,
    `epochs ${epochs}`,
    `batch ${batch}`,
    `rate ${learningRate}`,
    fast ? 'fast' : 'exact',
    `seed ${kSeed}`,
  ].join(', ');
}

/** A piece of the curve: means over some batches. */
export interface CurvePoint {
  /** Epochs passed at its end, with a fraction. */
  at: number;
  loss: number;
  /** The share of right answers on the training images, each judged before the step that used it. */
  accuracy: number;
}

/** Where an epoch ended. */
export interface EpochEnd {
  /** From 1. */
  epoch: number;
  /** Means over the epoch. */
  loss: number;
  accuracy: number;
  /** How many test images are classified rightly with the weights as they are now. */
  testRight: number;
  testCount: number;
  imagesPerSecond: number;
  /** The digest of the weights. */
  digest: string;
}

/** All that a later page needs to go on. */
export interface SavedTraining {
  version: 1;
  key: string;
  /** Epochs that are done. */
  epoch: number;
  /** For Trainer.restore. */
  state: Uint8Array;
  /** The model as a safetensors file. */
  checkpoint: Uint8Array;
  points: CurvePoint[];
  ends: EpochEnd[];
}

/** What an older or a later version of the page stored is no training, and neither is half of one. */
export function isSavedTraining(value: unknown): value is SavedTraining {
  if (typeof value !== 'object' || value === null) return false;
  const { version, key, epoch, state, checkpoint, points, ends } = value as Partial<SavedTraining>;
  return (
    version === 1 &&
    typeof key === 'string' &&
    Number.isInteger(epoch) &&
    state instanceof Uint8Array &&
    checkpoint instanceof Uint8Array &&
    Array.isArray(points) &&
    points.every((point) => [point?.at, point?.loss, point?.accuracy].every(Number.isFinite)) &&
    Array.isArray(ends) &&
    ends.length === epoch &&
    ends.every((end, index) => end?.epoch === index + 1 && typeof end.digest === 'string')
  );
}

/** A batch's place and the means over its epoch so far, as the library tells them. */
export type BatchProgress = Pick<TrainingProgress, 'epoch' | 'batch' | 'batches' | 'loss' | 'accuracy'>;

/** As many points as a drawing can show. */
const kMostPoints = 240;

/** Makes a curve of the library's means, which begin anew with each epoch: a point for every few batches. */
export class Curve {
  readonly points: CurvePoint[];
  readonly #batchesPerPoint: number;
  readonly #images: number;
  readonly #batch: number;
  /** Sums over this epoch up to where the last point ended. */
  #last = { images: 0, loss: 0, right: 0 };

  /** A training of `epochs` epochs on `images` images, `batch` at a time; `points` were drawn before. */
  constructor(images: number, batch: number, epochs: number, points: readonly CurvePoint[]) {
    this.points = [...points];
    this.#images = images;
    this.#batch = batch;
    this.#batchesPerPoint = Math.max(1, Math.ceil((Math.ceil(images / batch) * epochs) / kMostPoints));
  }

  add({ epoch, batch, batches, loss, accuracy }: BatchProgress): void {
    if (batch === 1) this.#last = { images: 0, loss: 0, right: 0 };
    const images = Math.min(this.#images, batch * this.#batch);
    const now = { images, loss: loss * images, right: accuracy * images };
    if (batch % this.#batchesPerPoint !== 0 && batch !== batches) return;
    const last = this.#last;
    const count = now.images - last.images;
    this.points.push({
      at: epoch - 1 + batch / batches,
      loss: (now.loss - last.loss) / count,
      accuracy: (now.right - last.right) / count,
    });
    this.#last = now;
  }
}

/** "fashion-mlp-5-epochs.safetensors" */
export function checkpointName({ model }: TrainSettings, epoch: number): string {
  return `fashion-${model}-${epoch}-${epoch === 1 ? 'epoch' : 'epochs'}.safetensors`;
}
