import { proxy } from 'comlink';
import { startEngineWorker, type RunningBuild, type EngineWorker } from './engine-worker.ts';
import { startWithFallback } from './engine.ts';
import { EngineError, StoppedError } from './errors.ts';
import { chooseBuild, detectFeatures, type BuildChoice } from './features.ts';
import { measuring } from './measuring.ts';
import { plugInto, type Guests } from './plug.ts';
import type { TaskRequest } from './protocol.ts';
import { ReportReceiver } from './report-parts.ts';
import type { AnswerOf, AnyQuestion, AnyTask, Enveloped, OptionsOf, ReportOf } from './task.ts';
import type { Blocking } from './types.ts';
import { Watch } from './watch.ts';

/** A stop that is not obeyed within this time ends the worker. */
const kStopGraceMs = 500;

/**
 * The page's side of the engine: one worker for all experiments of a page, one task at a time.
 *
 * A worker that dies (crash, out of memory, closed) or does not obey a stop is replaced by a fresh one at the next task, so the page stays
 * usable. Fires `change` when the build or the running task changes.
 */
export class EngineClient extends EventTarget {
  readonly #spawn: () => Worker;
  readonly #base: string;
  #engine: Promise<EngineWorker> | null = null;
  /** The worker of #engine, once it has started. */
  #worker: Worker | null = null;
  #running: RunningBuild | null = null;
  #blocking: Blocking | null = null;
  #task: string | null = null;
  #endMeasuring: (() => void) | null = null;
  #cancel: ((graceMs: number) => void) | null = null;

  /** `spawn` makes a new engine.worker; `base` is the site's base address ('/' or '/folder/'). */
  constructor(base: string, spawn: () => Worker) {
    super();
    this.#base = base;
    this.#spawn = spawn;
  }

  /** The build that runs, or null before it has started. */
  get running(): RunningBuild | null {
    return this.#running;
  }

  /** The blocks that products are cut into, or null before the engine has started. */
  get blocking(): Blocking | null {
    return this.#blocking ?? this.#running?.info.blocking ?? null;
  }
  /** Tasks use these from now on, in whatever worker. */
  set blocking(blocking: Blocking) {
    this.#blocking = blocking;
    this.dispatchEvent(new Event('change'));
  }

  /** The name of the task that runs, or null. */
  get task(): string | null {
    return this.#task;
  }

  /** Starts the engine if it does not run. Throws UnsupportedError or EngineError. */
  async start(): Promise<RunningBuild> {
    return (await this.#open()).running;
  }

  /**
   * Runs a task of an experiment (task.ts); resolves with its last report, also after a stop. Throws StoppedError if there is none yet. With
   * guests: in a worker of its own, which is ended afterwards.
   */
  async run<T extends AnyTask>(
    path: string,
    options: OptionsOf<T>,
    onReport: (report: ReportOf<T>) => void,
    guests?: Guests,
  ): Promise<ReportOf<T>> {
    this.#refuseSecond();
    this.#setTask(path.split('/').slice(1).join(' '));
    const watch = new Watch();
    this.#cancel = (graceMs) => watch.stop(graceMs);
    const receiver = new ReportReceiver();
    let last: ReportOf<T> | null = null;
    try {
      const engine = guests === undefined ? await this.#open() : await this.#openAnother();
      watch.begin(engine);
      const { api, died } = engine;
      const report = proxy((part: Enveloped<object>) => {
        if (watch.isOver) return; // a progress message that arrived after the result
        const whole = receiver.unpack(part) as ReportOf<T>;
        last = whole;
        watch.heard();
        if (!watch.stopped) onReport(whole);
      });
      if (guests !== undefined) await Promise.race([plugInto(api, path, guests), died]);
      const result = api.run(
        this.#request(path, options),
        report,
        proxy(() => watch.heard()),
      );
      return (await Promise.race([result, died])) as ReportOf<T>;
    } catch (error) {
      // A trap leaves the module's memory in an unknown state: never reuse it.
      if (error instanceof Error && error.name === 'RuntimeError') watch.kill(`The engine crashed: ${error.message}`);
      const partial = last as ReportOf<T> | null;
      if (watch.stopped && partial !== null) return { ...partial, done: true, stopped: true };
      throw watch.stopped ? new StoppedError() : error;
    } finally {
      watch.end();
      if (guests !== undefined) watch.kill('The guest has left');
      this.#cancel = null;
      this.#setTask(null);
    }
  }

  /** Asks a question of an experiment (task.ts), while no task runs. */
  async ask<Q extends AnyQuestion>(path: string, options: OptionsOf<Q>): Promise<AnswerOf<Q>> {
    const { api, died } = await this.#open();
    return (await Promise.race([api.ask(this.#request(path, options)), died])) as AnswerOf<Q>;
  }

  #request(path: string, options: object): TaskRequest {
    return { path, options, blocking: this.blocking! };
  }

  /**
   * Ends the running task: it resolves with what it has so far. A worker that has not obeyed after `graceMs` is ended, and with it what it
   * kept for later.
   */
  stop(graceMs = kStopGraceMs): void {
    this.#cancel?.(graceMs);
  }

  /**
   * Takes the engine's place for work of the page's own that is timed (a kernel of the reader's): no experiment starts until the function
   * that this returns is called. The engine need not run. Throws EngineError while a task runs.
   */
  reserve(name: string): () => void {
    this.#refuseSecond();
    this.#setTask(name);
    return () => this.#setTask(null);
  }

  #refuseSecond(): void {
    if (this.#task !== null)
      throw new EngineError(`Another experiment (${this.#task}) is still running: stop it first`);
  }

  /** An engine beside the page's, of the same build, for one task. */
  async #openAnother(): Promise<EngineWorker> {
    const { choice } = await this.start();
    return (await startWithFallback(choice, (candidate) => this.#startWorker(candidate))).result;
  }

  #open(): Promise<EngineWorker> {
    this.#engine ??= this.#startForPage().catch((error: unknown) => {
      this.#engine = null;
      throw error;
    });
    return this.#engine;
  }

  async #startForPage(): Promise<EngineWorker> {
    const wanted = this.#running?.choice ?? chooseBuild(await detectFeatures());
    const { choice, result } = await startWithFallback(wanted, (candidate) => this.#startWorker(candidate));
    this.#worker = result.worker;
    this.#running = { choice, info: result.running.info };
    this.dispatchEvent(new Event('change'));
    return result;
  }

  #startWorker(choice: BuildChoice): Promise<EngineWorker> {
    const worker = this.#spawn();
    const onEnd = () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#engine = null;
    };
    return startEngineWorker(worker, choice, { base: this.#base, onEnd });
  }

  #setTask(name: string | null): void {
    this.#task = name;
    this.#endMeasuring?.();
    this.#endMeasuring = name === null ? null : measuring.begin();
    this.dispatchEvent(new Event('change'));
  }
}
