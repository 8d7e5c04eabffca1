// What the browser's trainings have in common: the losses that are checked, and starting over (families/training.ts says why).
import { kCheckedSteps, kSteps } from '../families/training.ts';
import type { Prepared } from '../types.ts';

export interface Training {
  /** A step on the batch; returns its loss. */
  step(): number;
  /** Back to the initial weights. */
  restart(): void;
  dispose(): void;
}

export function preparedTraining({ step, restart, dispose }: Training): Prepared {
  const losses = Float32Array.from({ length: kCheckedSteps }, step);
  restart();
  let done = 0;
  return {
    run() {
      if (done === kSteps) {
        restart();
        done = 0;
      }
      step();
      done++;
    },
    output: () => losses,
    dispose,
  };
}
