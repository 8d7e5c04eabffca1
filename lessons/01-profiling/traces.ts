/** Sequences of allocations as networks make them, random ones, and wrong ones, for exercise peak-memory; and what is true after each event. */
import type { Random } from '#lab/grading/author.ts';

export type Event =
  | { kind: 'alloc'; id: number; bytes: number }
  | { kind: 'free'; id: number }
  | { kind: 'begin'; layer: number }
  | { kind: 'end'; layer: number };

export type TraceParams = {
  trace: string;
  /** Allocations (positive) and frees of the block of that size (negative), in MB. */
  steps?: number[];
  batch?: number;
  /** Numbers between the layers, for one example: the input first. */
  sizes?: number[];
  weights?: number;
  runs?: number[];
  layers?: boolean;
  events?: number;
  ids?: number;
  wrong?: string;
};

export const kIds = 1024;
export const kLayers = 32;

/** Gives out ids and remembers which are taken. */
class Ids {
  readonly #free: number[];
  constructor(random: Random) {
    this.#free = Array.from({ length: kIds }, (_, i) => i);
    for (let i = kIds - 1; i > 0; --i) {
      const other = random.integer(0, i);
      [this.#free[i], this.#free[other]] = [this.#free[other] ?? 0, this.#free[i] ?? 0];
    }
  }
  take(): number {
    return this.#free.pop() ?? 0;
  }
  give(id: number): void {
    this.#free.push(id);
  }
}

function steps(list: number[]): Event[] {
  const live: { id: number; size: number }[] = [];
  return list.map((size, id): Event => {
    if (size >= 0) {
      live.push({ id, size });
      return { kind: 'alloc', id, bytes: Math.round(1e6 * size) };
    }
    const found = live.findIndex((block) => block.size === -size);
    const [block] = live.splice(found, 1);
    return { kind: 'free', id: block?.id ?? 0 };
  });
}

/** Layer 0 is the network, layer i + 1 its i-th. A layer takes its output and scratch memory; its input goes when it is done. */
function predict({ batch = 1, sizes = [], weights = 0, runs = [1] }: TraceParams, random: Random): Event[] {
  const ids = new Ids(random);
  const events: Event[] = [];
  const alloc = (bytes: number) => {
    const id = ids.take();
    events.push({ kind: 'alloc', id, bytes });
    return id;
  };
  const free = (id: number) => {
    events.push({ kind: 'free', id });
    ids.give(id);
  };
  const kept = alloc(4 * weights);
  for (const factor of runs) {
    const output = (index: number) => 4 * batch * factor * (sizes[index] ?? 0);
    events.push({ kind: 'begin', layer: 0 });
    let input = alloc(output(0));
    for (let layer = 1; layer < sizes.length; ++layer) {
      events.push({ kind: 'begin', layer });
      const next = alloc(output(layer));
      free(alloc(64 * random.integer(1, 64)));
      free(input);
      events.push({ kind: 'end', layer });
      input = next;
    }
    free(input);
    events.push({ kind: 'end', layer: 0 });
  }
  free(kept);
  return events;
}

/** Every output stays until the way back has used it. */
function train({ batch = 1, sizes = [], weights = 0 }: TraceParams, random: Random): Event[] {
  const ids = new Ids(random);
  const events: Event[] = [];
  const alloc = (bytes: number) => {
    const id = ids.take();
    events.push({ kind: 'alloc', id, bytes });
    return id;
  };
  const free = (id: number) => void events.push({ kind: 'free', id });
  alloc(4 * weights);
  alloc(4 * weights); // gradients
  events.push({ kind: 'begin', layer: 0 });
  const outputs = sizes.map((size, layer) => {
    if (layer > 0) events.push({ kind: 'begin', layer });
    const id = alloc(4 * batch * size);
    if (layer > 0) events.push({ kind: 'end', layer });
    return id;
  });
  let delta = alloc(4 * batch * (sizes.at(-1) ?? 0));
  for (let layer = sizes.length - 1; layer > 0; --layer) {
    events.push({ kind: 'begin', layer });
    const before = alloc(4 * batch * (sizes[layer - 1] ?? 0));
    free(delta);
    free(outputs[layer] ?? 0);
    events.push({ kind: 'end', layer });
    delta = before;
  }
  free(delta);
  free(outputs[0] ?? 0);
  events.push({ kind: 'end', layer: 0 });
  return events;
}

/** What only a mistake can do, between things that are right. */
function wrong(what: string): Event[] {
  const alloc = (id: number, bytes: number): Event => ({ kind: 'alloc', id, bytes });
  const free = (id: number): Event => ({ kind: 'free', id });
  switch (what) {
    case 'twice':
      return [alloc(3, 1000), alloc(4, 500), free(3), free(3), alloc(3, 200), free(3), free(3)];
    case 'unknown':
      return [free(0), alloc(7, 100), free(8), alloc(8, 50), free(7)];
    case 'live':
      return [alloc(5, 700), alloc(5, 900), alloc(5, 10), free(5), alloc(5, 900), free(5)];
    case 'empty':
      return [alloc(2, 0), alloc(2, 64), alloc(1, 32), free(2), free(2), alloc(2, 64)];
    case 'range':
      return [alloc(-1, 10), alloc(1024, 20), alloc(1023, 30), free(1024), free(-1), free(-5000), alloc(1 << 30, 1)];
    default:
      throw new Error(`no wrong trace '${what}'`);
  }
}

function random({ events: count = 0, ids = 1, layers, wrong: mistakes }: TraceParams, dice: Random): Event[] {
  const live = new Map<number, number>();
  const open = new Set<number>();
  const events: Event[] = [];
  while (events.length < count) {
    const id = dice.integer(0, ids - 1);
    if (layers && dice.integer(0, 4) === 0) {
      const layer = dice.integer(0, kLayers - 1);
      events.push({ kind: open.has(layer) ? 'end' : 'begin', layer });
      if (!open.delete(layer)) open.add(layer);
      continue;
    }
    const wantsFree = dice.integer(0, 9) < 4;
    if (wantsFree !== live.has(id) && mistakes === undefined) continue;
    if (wantsFree) {
      events.push({ kind: 'free', id });
      live.delete(id);
    } else {
      const bytes = dice.integer(0, 15) === 0 ? 0 : dice.integer(1, 1 << 20);
      events.push({ kind: 'alloc', id, bytes });
      live.set(id, bytes);
    }
  }
  return events;
}

export function makeTrace(params: TraceParams, dice: Random): Event[] {
  switch (params.trace) {
    case 'steps':
      return steps(params.steps ?? []);
    case 'predict':
      return predict(params, dice);
    case 'train':
      return train(params, dice);
    case 'wrong':
      return wrong(params.wrong ?? '');
    case 'random':
      return random(params, dice);
    default:
      throw new Error(`no trace '${params.trace}'`);
  }
}

interface LayerState {
  begin: number;
  /** Largest of this run, and of all; the most that was live, and what this run allocated. */
  run: number;
  largest: number;
  highest: number;
  allocated: number;
}

/** What is true after the events so far. Blocks are in a map and maxima are taken over the whole history: nothing clever. */
export class Truth {
  readonly blocks = new Map<number, number>();
  readonly history: number[] = [0];
  readonly layers = new Map<number, LayerState>();
  readonly open: number[] = [];
  /** For messages: all that was ever allocated, and the largest block. */
  allocated = 0;
  largestBlock = 0;

  get current(): number {
    return [...this.blocks.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
  get peak(): number {
    return this.history.reduce((most, bytes) => Math.max(most, bytes), 0);
  }

  /** Whether the event can be; else nothing changed. */
  apply(event: Event): boolean {
    if (event.kind === 'begin' || event.kind === 'end') {
      this.#mark(event.kind, event.layer);
      return true;
    }
    const isLive = this.blocks.has(event.id);
    if (event.id < 0 || event.id >= kIds || isLive !== (event.kind === 'free')) return false;
    if (event.kind === 'free') this.blocks.delete(event.id);
    else this.#allocate(event.id, event.bytes);
    this.history.push(this.current);
    return true;
  }

  #allocate(id: number, bytes: number): void {
    this.blocks.set(id, bytes);
    this.allocated += bytes;
    this.largestBlock = Math.max(this.largestBlock, bytes);
    const now = this.current;
    for (const layer of this.open) {
      const state = this.layers.get(layer);
      if (state === undefined) continue;
      state.allocated += bytes;
      state.highest = Math.max(state.highest, now);
      state.run = Math.max(state.run, now - state.begin);
      state.largest = Math.max(state.largest, state.run);
    }
  }

  #mark(kind: 'begin' | 'end', layer: number): void {
    if (kind === 'end') return void this.open.splice(this.open.indexOf(layer), 1);
    this.open.push(layer);
    const begin = this.current;
    const largest = this.layers.get(layer)?.largest ?? 0;
    this.layers.set(layer, { begin, run: 0, largest, highest: begin, allocated: 0 });
  }
}
