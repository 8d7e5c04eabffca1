// How much runs at a time: as many slots as there are jobs, shared by all that tools/test does side by side.
import { kJobs } from './command.ts';

export interface Share {
  /** Slots without which the work doesn't begin (1). */
  least?: number;
  /** Slots that it can use where nobody else waits for them (`least`). */
  most?: number;
}

interface Waiting {
  least: number;
  most: number;
  begin(slots: number): void;
}

export class Slots {
  readonly total: number;
  #free: number;
  #queue: Waiting[] = [];
  #isGranting = false;

  constructor(total: number) {
    this.total = total;
    this.#free = total;
  }

  /** Runs `work` when its turn comes, first come, first served; what fits is not held up by what doesn't. `work` is told its slots. */
  async use<T>({ least = 1, most = least }: Share, work: (slots: number) => Promise<T>): Promise<T> {
    const needed = Math.min(least, this.total);
    const slots = await new Promise<number>((begin) => {
      this.#queue.push({ least: needed, most: Math.max(needed, Math.min(most, this.total)), begin });
      this.#grantSoon();
    });
    try {
      return await work(slots);
    } finally {
      this.#free += slots;
      this.#grantSoon();
    }
  }

  /** Does `work` with each item, asking for no more slots at a time than there are: others get theirs in between. */
  async each<Item, T>(items: readonly Item[], work: (item: Item) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    let next = 0;
    const worker = async () => {
      for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]!);
    };
    await Promise.all(Array.from({ length: this.total }, worker));
    return results;
  }

  /** A moment later, when all who ask at the same time have asked. */
  #grantSoon(): void {
    if (this.#isGranting) return;
    this.#isGranting = true;
    setImmediate(() => {
      this.#isGranting = false;
      this.#grant();
    });
  }

  #grant(): void {
    const fits = () => this.#queue.findIndex(({ least }) => least <= this.#free);
    for (let index = fits(); index !== -1; index = fits()) {
      const [{ least, most, begin }] = this.#queue.splice(index, 1) as [Waiting];
      const slots = this.#queue.length > 0 ? least : Math.min(most, this.#free);
      this.#free -= slots;
      begin(slots);
    }
  }
}

/** The slots of this process. */
export const slots = new Slots(kJobs);
/** What compiles, or tests many things by itself: it gets a quarter, and all that is free at the end. */
export const kMany: Share = { least: Math.ceil(slots.total / 4), most: slots.total };
/** What measures time, or a page of a browser: nothing runs beside it. */
export const kAlone: Share = { least: slots.total };
