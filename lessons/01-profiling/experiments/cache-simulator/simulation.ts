/** A cache simulation for each experiment of the page, by its key. It lives between calls, as a reader steps through it. */
import type { Shelf } from '#lab/task.ts';
import type { CacheSimulation, KernelModule } from '#lab/types.ts';
import { parseCounters, parseNest, type CacheSettings, type CacheState } from './cache.ts';

export interface SimulationOptions {
  /** Names the simulation: a page may have several. */
  key: string;
  settings: CacheSettings;
}

export class Simulation {
  readonly engine: CacheSimulation;
  readonly #arrays: number;

  private constructor(optlab: KernelModule, { nest, n, block, padding, level }: CacheSettings) {
    const { size, line, ways } = level;
    this.engine = new optlab.CacheSimulation(nest, n, block, padding, Int32Array.of(size, line, ways));
    const known = optlab.cacheNests().map(parseNest);
    this.#arrays = known.find(({ name }) => name === nest)?.arrays.length ?? 0;
  }

  /** Begins anew with these settings. Throws what the library says of them. */
  static begin(optlab: KernelModule, shelf: Shelf, { key, settings }: SimulationOptions): Simulation {
    return shelf.put(`cache ${key}`, new Simulation(optlab, settings));
  }

  /** The one that was begun; a worker that was replaced has forgotten it, and begins it anew. */
  static of(optlab: KernelModule, shelf: Shelf, options: SimulationOptions): Simulation {
    return shelf.get<Simulation>(`cache ${options.key}`) ?? Simulation.begin(optlab, shelf, options);
  }

  get state(): CacheState {
    return {
      done: this.engine.done(),
      total: this.engine.total(),
      counters: parseCounters(this.engine.counters()),
      contents: this.engine.contents(0),
      bases: Array.from({ length: this.#arrays }, (_, array) => this.engine.address(array)),
    };
  }

  delete(): void {
    this.engine.delete();
  }
}
