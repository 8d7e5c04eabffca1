/** A reader's answers, kept in this browser and nowhere else. */

export interface Answer {
  /** Of single and several choices. */
  chosen: number[];
  /** Of a number, as typed. */
  text: string;
  right: boolean;
}

/** Where answers are kept, by a key such as "01-profiling/median". */
export interface AnswerStore {
  get(key: string): Promise<Answer | null>;
  set(key: string, answer: Answer): Promise<void>;
  delete(key: string): Promise<void>;
}

/** For as long as the page is open; also where a browser refuses to keep anything (private windows, blocked storage). */
export class MemoryAnswers implements AnswerStore {
  readonly #answers = new Map<string, Answer>();
  get(key: string): Promise<Answer | null> {
    return Promise.resolve(this.#answers.get(key) ?? null);
  }
  set(key: string, answer: Answer): Promise<void> {
    this.#answers.set(key, answer);
    return Promise.resolve();
  }
  delete(key: string): Promise<void> {
    this.#answers.delete(key);
    return Promise.resolve();
  }
}

const kDatabase = 'optlab';
const kStore = 'answers';

export class IndexedDbAnswers implements AnswerStore {
  readonly #database: Promise<IDBDatabase>;

  constructor(factory: IDBFactory) {
    const request = factory.open(kDatabase, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(kStore);
    this.#database = settled(request);
  }

  get(key: string): Promise<Answer | null> {
    return this.#do('readonly', (store) => store.get(key)).then((found) => (isAnswer(found) ? found : null));
  }
  async set(key: string, answer: Answer): Promise<void> {
    await this.#do('readwrite', (store) => store.put(answer, key));
  }
  async delete(key: string): Promise<void> {
    await this.#do('readwrite', (store) => store.delete(key));
  }

  async #do(mode: IDBTransactionMode, action: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    const database = await this.#database;
    return settled(action(database.transaction(kStore, mode).objectStore(kStore)));
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

/** What an older or a later version of the page stored is no answer. */
export function isAnswer(value: unknown): value is Answer {
  if (typeof value !== 'object' || value === null) return false;
  const { chosen, text, right } = value as Partial<Answer>;
  return (
    Array.isArray(chosen) && chosen.every(Number.isInteger) && typeof text === 'string' && typeof right === 'boolean'
  );
}

/** The first store, or the second from its first failure on: an answer is judged even where it cannot be kept. */
export class AnswersWithFallback implements AnswerStore {
  #store: AnswerStore;
  readonly #other: AnswerStore;

  constructor(store: AnswerStore, other: AnswerStore) {
    this.#store = store;
    this.#other = other;
  }

  /** False once the first store has failed. */
  get keeps(): boolean {
    return this.#store !== this.#other;
  }
  get(key: string): Promise<Answer | null> {
    return this.#try((store) => store.get(key));
  }
  set(key: string, answer: Answer): Promise<void> {
    return this.#try((store) => store.set(key, answer));
  }
  delete(key: string): Promise<void> {
    return this.#try((store) => store.delete(key));
  }

  async #try<T>(action: (store: AnswerStore) => Promise<T>): Promise<T> {
    try {
      return await action(this.#store);
    } catch (error) {
      if (this.#store === this.#other) throw error;
      this.#store = this.#other;
      return action(this.#store);
    }
  }
}

/** The page's answers. */
export function openAnswers(): AnswersWithFallback {
  const memory = new MemoryAnswers();
  try {
    return new AnswersWithFallback(new IndexedDbAnswers(indexedDB), memory);
  } catch {
    return new AnswersWithFallback(memory, memory);
  }
}
