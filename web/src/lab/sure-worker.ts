/** What is needed of a worker that another worker starts. */
export interface NestedWorker {
  onmessage: ((event: MessageEvent) => unknown) | null;
  onerror: ((event: ErrorEvent) => unknown) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}

/** How long the first try may stay silent; every further one gets twice as long, so that a slow machine gets there too. */
export const kFirstSilenceMs = 2000;
const kMostTries = 4;

/**
 * A nested worker that surely starts. Firefox hangs on 1-10 % of the workers that a worker starts, without an error (none of 350 that a page
 * started did); starting it again helps. So one that has not answered in time is ended and replaced, and gets all messages again: none of
 * ours, nor Emscripten's, hands over anything that could be sent only once before the first answer.
 */
export class SureWorker extends EventTarget implements NestedWorker {
  onmessage: NestedWorker['onmessage'] = null;
  onerror: NestedWorker['onerror'] = null;
  readonly #spawn: () => NestedWorker;
  #worker: NestedWorker;
  /** What was sent before the first answer; null once there was one. */
  #unanswered: unknown[] | null = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;

  constructor(spawn: () => NestedWorker) {
    super();
    this.#spawn = spawn;
    this.#worker = this.#start();
  }

  postMessage(message: unknown): void {
    this.#worker.postMessage(message);
    if (this.#unanswered === null) return;
    this.#unanswered.push(message);
    if (this.#unanswered.length === 1) this.#watch();
  }

  terminate(): void {
    this.#settle();
    this.#worker.terminate();
  }

  #start(): NestedWorker {
    const worker = this.#spawn();
    this.#tries++;
    worker.onmessage = (event) => {
      this.#settle();
      this.onmessage?.(event);
      this.dispatchEvent(new MessageEvent('message', { data: event.data }));
    };
    worker.onerror = (event) => {
      this.#settle();
      event.preventDefault(); // whoever listens says what is wrong
      this.onerror?.(event);
      this.dispatchEvent(new ErrorEvent('error', { message: event.message }));
    };
    return worker;
  }

  #settle(): void {
    this.#unanswered = null;
    clearTimeout(this.#timer);
  }

  /** Counts from the first message: until then nobody waits for an answer. */
  #watch(): void {
    if (this.#tries >= kMostTries) return;
    const limit = kFirstSilenceMs * 2 ** (this.#tries - 1);
    this.#timer = setTimeout(() => {
      this.#worker.onmessage = this.#worker.onerror = null;
      this.#worker.terminate();
      this.#worker = this.#start();
      for (const message of this.#unanswered ?? []) this.#worker.postMessage(message);
      this.#watch();
    }, limit);
  }
}

/** From now on every `new Worker` of this worker, also in Emscripten's loaders, makes a SureWorker. */
export function startNestedWorkersSurely(): void {
  const Native = globalThis.Worker;
  if (Native === undefined) return; // no nested workers here (old WebKit)
  class NestedSureWorker extends SureWorker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(() => new Native(url, options));
    }
  }
  globalThis.Worker = NestedSureWorker as unknown as typeof Worker;
}
