// OptLab's Trainer, in the link that pages load for it.
import { kLearningRate, kSteps } from '../families/training.ts';
import type { Prepared, TrainingOperands, TrainingTask } from '../types.ts';
import { preparedTraining } from './training.ts';

interface Trainer {
  step(): { loss: number };
  save(): Uint8Array;
  restore(state: Uint8Array): void;
  delete(): void;
}
interface Models {
  Trainer: new (model: string, images: Uint8Array, labels: Uint8Array, settings: object) => Trainer;
  setThreads(threads: number): number;
}
/** Of a safetensors file: where a tensor lies behind the header. */
type Header = Record<string, { data_offsets?: [number, number] }>;

let loading: Promise<Models> | undefined;

async function loadModels(threads: number): Promise<Models> {
  const url = `/optlab/wasm-relaxed${threads > 1 ? '-threads' : ''}/src/bindings/models.mjs`;
  const { default: create } = (await import(url)) as { default: (options: object) => Promise<Models> };
  const models = await create({ threads });
  const got = models.setThreads(threads);
  if (got !== threads) throw new Error(`models.mjs uses ${got} threads`);
  return models;
}

/** Puts other values into a safetensors file. */
function replaceTensors(file: Uint8Array, values: TrainingOperands['weights']): void {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Header;
  for (const [name, { buffer, byteLength }] of Object.entries(values)) {
    const [first, end] = header[name]?.data_offsets ?? [0, 0];
    if (end - first !== byteLength) throw new Error(`the training has no ${name} of ${byteLength} bytes`);
    file.set(new Uint8Array(buffer), 8 + length + first);
  }
}

/** An epoch is a step, since all images are one batch: then the order in which they are shuffled changes nothing but rounding. */
export async function train(
  { model, batch }: TrainingTask,
  { images, labels, weights }: TrainingOperands,
  row: string,
  threads: number,
): Promise<Prepared> {
  loading ??= loadModels(threads);
  const { Trainer } = await loading;
  const rate = { learningRate: kLearningRate, cosine: false, weightDecay: 0 };
  const settings = { epochs: kSteps, batch, seed: 1, fast: row === 'fast', dropout: 0, ...rate };
  const trainer = new Trainer(model, images, labels, settings);
  const start = trainer.save();
  replaceTensors(start, weights);
  const restart = () => trainer.restore(start);
  restart();
  return preparedTraining({ step: () => trainer.step().loss, restart, dispose: () => trainer.delete() });
}
