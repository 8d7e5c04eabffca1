import type { TrainOptions, TrainReport } from '../lab/protocol.ts';
import { modelEngine, runSteps } from './steps.ts';
import { trainWith } from './training-run.ts';

/** Trains a model to the end, or until it is stopped. */
export async function train(options: TrainOptions, onProgress: (report: TrainReport) => void): Promise<TrainReport> {
  return trainWith(await modelEngine(options.threads), options, onProgress, runSteps);
}
