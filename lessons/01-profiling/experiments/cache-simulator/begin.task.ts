/** Begins a simulation anew. */
import { defineQuestion } from '#lab/task.ts';
import type { CacheState } from './cache.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

export default defineQuestion({
  module: 'optlab',
  answer: (optlab, options: SimulationOptions, { shelf }): CacheState => Simulation.begin(optlab, shelf, options).state,
});
