import { openStore, type StoreWithFallback } from '#lab/store.ts';
import { isSavedTraining, type SavedTraining } from '#lab/training.ts';

/** A training takes some megabytes, and every setting is one of its own: so only the newest stay. */
export const kMostTrainings = 4;

/** When it was stored, in milliseconds; none in what an earlier version of the page stored. */
type Stored = SavedTraining & { storedAt?: number };

/** The newest trainings, by their key. */
export class Trainings {
  readonly #store: StoreWithFallback<Stored>;
  readonly #now: () => number;

  constructor(store: StoreWithFallback<Stored>, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** False where this browser keeps nothing. */
  get keeps(): boolean {
    return this.#store.keeps;
  }
  get(key: string): Promise<SavedTraining | null> {
    return this.#store.get(key);
  }
  delete(key: string): Promise<void> {
    return this.#store.delete(key);
  }
  /** Deletes the oldest ones if there are too many now. */
  async set(key: string, training: SavedTraining): Promise<void> {
    await this.#store.set(key, { ...training, storedAt: this.#now() });
    const keys = await this.#store.keys();
    if (keys.length <= kMostTrainings) return;
    const others = keys.filter((other) => other !== key);
    const ages = await Promise.all(
      others.map(async (other) => ({ other, at: (await this.#store.get(other))?.storedAt ?? 0 })),
    );
    ages.sort((a, b) => b.at - a.at);
    for (const { other } of ages.slice(kMostTrainings - 1)) await this.#store.delete(other);
  }
}

/** Those that this browser keeps, in a database that the short questions don't share. */
export function openTrainings(): Trainings {
  return new Trainings(openStore<Stored>('optlab-training', 'trainings', isSavedTraining));
}
