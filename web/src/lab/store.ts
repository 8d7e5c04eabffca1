/** Small stores of what a reader's browser keeps, and nobody else. */

export interface Store<T> {
  get(key: string): Promise<T | null>;
  set(key: string, value: T): Promise<void>;
  delete(key: string): Promise<void>;
  /** All keys; a store that never lists them has none. */
  keys?(): Promise<string[]>;
}

/** For as long as the page is open; also where a browser refuses to keep anything (private windows, blocked storage). */
export class MemoryStore<T> implements Store<T> {
  readonly #values = new Map<string, T>();
  get(key: string): Promise<T | null> {
    return Promise.resolve(this.#values.get(key) ?? null);
  }
  set(key: string, value: T): Promise<void> {
    this.#values.set(key, value);
    return Promise.resolve();
  }
  delete(key: string): Promise<void> {
    this.#values.delete(key);
    return Promise.resolve();
  }
  keys(): Promise<string[]> {
    return Promise.resolve([...this.#values.keys()]);
  }
}

/** An IndexedDB of its own with one object store. What `isValid` refuses counts as missing: another version of the page wrote it. */
export class IndexedDbStore<T> implements Store<T> {
  readonly #database: Promise<IDBDatabase>;
  readonly #name: string;
  readonly #isValid: (value: unknown) => value is T;

  constructor(factory: IDBFactory, database: string, name: string, isValid: (value: unknown) => value is T) {
    const request = factory.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(name);
    this.#database = settled(request);
    this.#name = name;
    this.#isValid = isValid;
  }

  get(key: string): Promise<T | null> {
    return this.#do('readonly', (store) => store.get(key)).then((found) => (this.#isValid(found) ? found : null));
  }
  async set(key: string, value: T): Promise<void> {
    await this.#do('readwrite', (store) => store.put(value, key));
  }
  async delete(key: string): Promise<void> {
    await this.#do('readwrite', (store) => store.delete(key));
  }
  keys(): Promise<string[]> {
    return this.#do('readonly', (store) => store.getAllKeys()).then((keys) => (keys as IDBValidKey[]).map(String));
  }

  async #do(mode: IDBTransactionMode, action: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
    const database = await this.#database;
    return settled(action(database.transaction(this.#name, mode).objectStore(this.#name)));
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

/** The first store, or the second from its first failure on: an experiment goes on even where nothing can be kept. */
export class StoreWithFallback<T> implements Store<T> {
  #store: Store<T>;
  readonly #other: Store<T>;

  constructor(store: Store<T>, other: Store<T>) {
    this.#store = store;
    this.#other = other;
  }

  /** False once the first store has failed. */
  get keeps(): boolean {
    return this.#store !== this.#other;
  }
  get(key: string): Promise<T | null> {
    return this.#try((store) => store.get(key));
  }
  set(key: string, value: T): Promise<void> {
    return this.#try((store) => store.set(key, value));
  }
  delete(key: string): Promise<void> {
    return this.#try((store) => store.delete(key));
  }
  keys(): Promise<string[]> {
    return this.#try((store) => store.keys?.() ?? Promise.resolve([]));
  }

  async #try<R>(action: (store: Store<T>) => Promise<R>): Promise<R> {
    try {
      return await action(this.#store);
    } catch (error) {
      if (this.#store === this.#other) throw error;
      this.#store = this.#other;
      return action(this.#store);
    }
  }
}

/** A store in this browser, or for as long as the page is open where it keeps nothing. */
export function openStore<T>(
  database: string,
  name: string,
  isValid: (value: unknown) => value is T,
): StoreWithFallback<T> {
  const memory = new MemoryStore<T>();
  try {
    return new StoreWithFallback<T>(new IndexedDbStore(indexedDB, database, name, isValid), memory);
  } catch {
    return new StoreWithFallback<T>(memory, memory);
  }
}
