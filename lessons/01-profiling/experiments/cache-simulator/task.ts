/** Runs a simulation to its end. */
import { defineTask, type Bare, type Envelope } from '#lab/task.ts';
import type { CacheState } from './cache.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

export interface CacheReport extends Envelope {
  state: CacheState;
}

/** As many accesses as are simulated between two looks at the stop button: some milliseconds. */
const kAccessesPerStep = 500_000;

export default defineTask({
  module: 'optlab',
  open(optlab, options: SimulationOptions, { shelf }) {
    const simulation = Simulation.of(optlab, shelf, options);
    const { engine } = simulation;
    return {
      step: () => engine.run(kAccessesPerStep) > 0,
      progress: () => (engine.total() === 0 ? 1 : engine.done() / engine.total()),
      report: (): Bare<CacheReport> => ({ state: simulation.state }),
    };
  },
});
