import { EngineError } from '../lab/errors.ts';
import { parseCounters, parseNest, parseSteps } from '../lab/cache.ts';
import type { CacheMove, CacheReport, CacheSettings, CacheState } from '../lab/protocol.ts';
import type { CacheSimulation, NestInfo } from '../lab/types.ts';
import { engine, runSteps } from './steps.ts';

/** A cache simulation for each experiment of the page, by its key. It lives between calls, as a reader steps through it. */
const simulations = new Map<string, { simulation: CacheSimulation; settings: CacheSettings }>();

/** As many accesses as are simulated between two looks at the stop button: some milliseconds. */
const kAccessesPerStep = 500_000;
/** The steps that a page shows of a longer way. */
const kShownSteps = 6;
/** A nest in which no access misses any more is long: the page can ask again. */
const kMostUntilMiss = 100_000;

export function nests(): NestInfo[] {
  return engine().cacheNests().map(parseNest);
}

/** Begins anew with these settings. Throws what the library says of them. */
export function openCache(key: string, settings: CacheSettings): CacheState {
  const { nest, n, block, padding, level } = settings;
  const simulation = new (engine().CacheSimulation)(
    nest,
    n,
    block,
    padding,
    Int32Array.of(level.size, level.line, level.ways),
  );
  simulations.get(key)?.simulation.delete();
  simulations.set(key, { simulation, settings });
  return stateOf(key);
}

/** So many accesses, or up to the next miss. */
export function stepCache(key: string, count: number, untilMiss: boolean): CacheMove {
  const { simulation } = find(key);
  if (!untilMiss) {
    const steps = parseSteps(simulation.step(count));
    return { state: stateOf(key), steps: steps.slice(-kShownSteps) };
  }
  const shown = [];
  for (let made = 0; made < kMostUntilMiss; ++made) {
    const step = parseSteps(simulation.step(1))[0];
    if (step === undefined) break;
    shown.push(step);
    if (shown.length > kShownSteps) shown.shift();
    if (!step.hit) break;
  }
  return { state: stateOf(key), steps: shown };
}

/** To the end. */
export async function runCache(key: string, onProgress: (report: CacheReport) => void): Promise<CacheReport> {
  const { simulation } = find(key);
  const report = (done: boolean, stopped: boolean): CacheReport => {
    const state = stateOf(key);
    return { state, progress: state.total === 0 ? 1 : state.done / state.total, done, stopped };
  };
  const stopped = await runSteps(
    () => simulation.run(kAccessesPerStep) > 0,
    () => onProgress(report(false, false)),
  );
  return report(true, stopped);
}

function find(key: string) {
  const found = simulations.get(key);
  if (found === undefined) throw new EngineError('The cache simulation has to begin anew: its engine was restarted');
  return found;
}

function stateOf(key: string): CacheState {
  const { simulation, settings } = find(key);
  const arrays = nests().find(({ name }) => name === settings.nest)?.arrays.length ?? 0;
  return {
    done: simulation.done(),
    total: simulation.total(),
    counters: parseCounters(simulation.counters()),
    contents: simulation.contents(0),
    bases: Array.from({ length: arrays }, (_, array) => simulation.address(array)),
  };
}
