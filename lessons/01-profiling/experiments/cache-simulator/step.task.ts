/** So many accesses, or up to the next miss. */
import { defineQuestion } from '#lab/task.ts';
import { parseSteps, type CacheState, type CacheStep } from './cache.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

export interface CacheMove {
  state: CacheState;
  /** The last few accesses. */
  steps: CacheStep[];
}

/** The steps that a page shows of a longer way. */
const kShownSteps = 6;
/** A nest in which no access misses any more is long: the page can ask again. */
const kMostUntilMiss = 100_000;

export default defineQuestion({
  module: 'optlab',
  answer(
    optlab,
    { count, untilMiss, ...options }: SimulationOptions & { count: number; untilMiss: boolean },
    { shelf },
  ): CacheMove {
    const simulation = Simulation.of(optlab, shelf, options);
    const steps = untilMiss ? toNextMiss(simulation) : parseSteps(simulation.engine.step(count));
    return { state: simulation.state, steps: steps.slice(-kShownSteps) };
  },
});

function toNextMiss({ engine }: Simulation): CacheStep[] {
  const shown: CacheStep[] = [];
  for (let made = 0; made < kMostUntilMiss; ++made) {
    const step = parseSteps(engine.step(1))[0];
    if (step === undefined) break;
    shown.push(step);
    if (shown.length > kShownSteps) shown.shift();
    if (!step.hit) break;
  }
  return shown;
}
