/** Watches over a task that runs in a worker: a stop that is not obeyed, and silence, end the worker. */
import type { EngineWorker } from './engine-worker.ts';
import { EngineError, StoppedError } from './errors.ts';

/** A worker that says nothing for this long is taken for dead. The slowest single step (naive, 1024³, a slow phone) takes about 10 s. */
const kSilenceLimitMs = 60_000;

export class Watch {
  #engine: EngineWorker | null = null;
  #stopped = false;
  #isOver = false;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #deadline = Infinity;

  /** The reader has asked to stop. */
  get stopped(): boolean {
    return this.#stopped;
  }
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The worker is there. Throws StoppedError if the reader has not waited for it. */
  begin(engine: EngineWorker): void {
    this.#engine = engine;
    if (this.#stopped) throw new StoppedError();
    this.heard();
  }

  /** The worker lives. */
  heard(): void {
    clearTimeout(this.#silence);
    if (!this.#isOver) this.#silence = setTimeout(() => this.kill('The engine stopped answering'), kSilenceLimitMs);
  }

  /** Asks the task to end; the earliest of several limits counts. */
  stop(graceMs: number): void {
    this.#stopped = true;
    if (this.#engine === null) return;
    void this.#engine.api.stop();
    if (performance.now() + graceMs >= this.#deadline) return;
    this.#deadline = performance.now() + graceMs;
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => this.kill('Stopped'), graceMs);
  }

  /** Ends the worker, if there is one. */
  kill(reason: string): void {
    this.#engine?.kill(new EngineError(reason));
  }

  /** The task has ended, in whatever way. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#silence);
    clearTimeout(this.#grace);
  }
}
