/** Models and data by name: the worker fetches, verifies and parses each once, and keeps what it has made of it. */
import { DataError, messageOf } from './errors.ts';
import type { Deletable } from './task.ts';

/** The files that the site publishes: their place in the repository, and on the site. */
export const kPublished = {
  trainImages: 'data/fashion-mnist/train-images-idx3-ubyte.gz',
  trainLabels: 'data/fashion-mnist/train-labels-idx1-ubyte.gz',
  testImages: 'data/fashion-mnist/t10k-images-idx3-ubyte.gz',
  testLabels: 'data/fashion-mnist/t10k-labels-idx1-ubyte.gz',
  mlp: 'models/fashion-mlp.safetensors',
  cnn: 'models/fashion-cnn.safetensors',
  lm: 'models/moby-lm.safetensors',
  lmTiny: 'models/moby-lm-tiny.safetensors',
  tokenizer: 'models/moby-2048.bpe',
  validationText: 'data/moby-dick/validation.txt.gz',
} as const;
export type AssetName = keyof typeof kPublished;

/** A file of the reader's. A Blob travels to a worker as a reference, so its bytes are read there, once. */
export interface OwnFile {
  name: string;
  blob: Blob;
  /** Tells it from other files of the page. */
  id: number;
}
export type Asset = AssetName | OwnFile;

let files = 0;
export const ownFile = (name: string, blob: Blob): OwnFile => ({ name, blob, id: ++files });

type Fetch = (name: AssetName, signal: AbortSignal) => Promise<Uint8Array>;

/** Something that is made once, and who waits for it. */
interface Entry {
  value: Promise<unknown>;
  abort: AbortController;
  /** Somebody who comes later begins anew. */
  forget: () => void;
  waiting: number;
}

export class Assets {
  readonly #fetch: Fetch;
  /** By what makes something of the bytes, and by the file. */
  readonly #made = new Map<unknown, Map<unknown, Entry>>();

  /** `fetch` gets a published file, and throws DataError unless it is what was published. */
  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /**
   * What `make` makes of a file, once for all who name the same `maker`. Of the reader's files each maker's last one stays: they may be large.
   * Rejects with the signal's reason once that is aborted; the download ends when nobody waits for it any more.
   */
  async made<T>(
    asset: Asset,
    maker: unknown,
    make: (bytes: Uint8Array, what: string) => T | Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted();
    let all = this.#made.get(maker);
    if (all === undefined) this.#made.set(maker, (all = new Map()));
    const isOwn = typeof asset === 'object';
    const key = isOwn ? asset.id : asset;
    let entry = all.get(key);
    if (entry === undefined) {
      if (isOwn) dropOwn(all);
      entry = begin(all, key, async (abort) =>
        isOwn ? make(await read(asset), asset.name) : make(await this.#fetch(asset, abort), kPublished[asset]),
      );
    }
    return waitFor<T>(entry, signal);
  }
}

function begin(all: Map<unknown, Entry>, key: unknown, make: (signal: AbortSignal) => Promise<unknown>): Entry {
  const abort = new AbortController();
  const forget = () => {
    if (all.get(key) === entry) all.delete(key);
  };
  const entry: Entry = { value: make(abort.signal), abort, forget, waiting: 0 };
  all.set(key, entry);
  entry.value.catch(forget); // the next one tries again
  return entry;
}

async function waitFor<T>(entry: Entry, signal: AbortSignal): Promise<T> {
  let leave: () => void = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      reject(signal.reason as Error);
      if (entry.waiting > 1) return;
      entry.forget();
      entry.abort.abort(signal.reason);
    };
    signal.addEventListener('abort', leave);
  });
  ++entry.waiting;
  try {
    return (await Promise.race([entry.value, left])) as T;
  } finally {
    --entry.waiting;
    signal.removeEventListener('abort', leave);
  }
}

function dropOwn(all: Map<unknown, Entry>): void {
  for (const [key, { value, forget }] of all) {
    if (typeof key !== 'number') continue;
    forget();
    value.then((made) => (made as Partial<Deletable>).delete?.()).catch(() => {});
  }
}

async function read({ name, blob }: OwnFile): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw new DataError(`${name} could not be read: ${messageOf(error)}`);
  }
}
