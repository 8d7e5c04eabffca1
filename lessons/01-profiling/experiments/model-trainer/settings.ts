import { oneOf, threads, type ValuesOf } from '#kit/fields.ts';
import { kDefaultTraining, kTrainableModels, type TrainSettings } from '#lab/training.ts';

export const kModelNames = { mlp: 'MLP', cnn: 'CNN' };

/** `rate` and `mode` in the address. */
export const kFields = {
  model: oneOf('Model', kTrainableModels, kDefaultTraining.model, (name) => kModelNames[name]),
  epochs: oneOf('Epochs', [1, 2, 3, 5, 8, 12, 20], kDefaultTraining.epochs),
  batch: oneOf('Batch', [32, 64, 128, 256, 512], kDefaultTraining.batch),
  learningRate: {
    ...oneOf('Learning rate', [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.1], kDefaultTraining.learningRate),
    key: 'rate',
  },
  mode: oneOf('Arithmetic', ['exact', 'fast']),
  threads: threads({ all: true }),
};
export type Settings = ValuesOf<typeof kFields>;

/** What a training depends on. */
export const trainSettings = ({ model, epochs, batch, learningRate, mode }: Settings): TrainSettings => ({
  model,
  epochs,
  batch,
  learningRate,
  fast: mode === 'fast',
});
