import { proxy, type Remote } from 'comlink';
import type { AttentionMaps, CacheTrace, PolicyOptions, PolicyReport, PolicySize, ReadText } from './cache-views.ts';
import { startSession, type RunningBuild, type Session } from './engine-session.ts';
import { startWithFallback } from './engine.ts';
import { EngineError, StoppedError } from './errors.ts';
import { chooseBuild, detectFeatures, type BuildChoice } from './features.ts';
import type { GenerateOptions, GenerateReport } from './generation.ts';
import type { BatchOptions, BatchReport, LoadOptions, LoadReport, ReadOptions, ReadReport } from './limits.ts';
import { measuring } from './measuring.ts';
import type { OwnDecoderOptions, OwnDecoderReport } from './own-decoder.ts';
import { plugFor, plugIntoDecoder, type Guests, type DecoderGuest, type Plug } from './plug.ts';
import type {
  CacheMove,
  CacheReport,
  CacheSettings,
  CacheState,
  EngineApi,
  ProfileOptions,
  ProfileReport,
  TimingOptions,
  TimingReport,
  TrainOptions,
  TaskRequest,
  TrainReport,
} from './protocol.ts';
import { ReportReceiver } from './report-parts.ts';
import type { AnswerOf, AnyQuestion, AnyTask, OptionsOf, ReportOf } from './task.ts';
import type { Blocking, LayerWork, NestInfo } from './types.ts';

/** A stop that is not obeyed within this time ends the worker. */
const kStopGraceMs = 500;
/** A task that says nothing for this long is taken for dead. The slowest single step (naive, 1024³, a slow phone) takes about 10 s. */
const kSilenceLimitMs = 60_000;

/**
 * The page's side of the engine: one worker for all experiments of a page, one task at a time.
 *
 * A worker that dies (crash, out of memory, closed) or does not obey a stop is replaced by a fresh one at the next task, so the page stays
 * usable. Fires `change` when the build or the running task changes.
 */
export class EngineClient extends EventTarget {
  readonly #spawn: () => Worker;
  readonly #base: string;
  #session: Promise<Session> | null = null;
  /** The worker of #session, once it has started. */
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
  run<T extends AnyTask>(
    path: string,
    options: OptionsOf<T>,
    onReport: (report: ReportOf<T>) => void,
    guests?: Guests,
  ): Promise<ReportOf<T>> {
    const name = path.split('/').slice(1).join(' ');
    const receiver = new ReportReceiver();
    const call = (api: Remote<EngineApi>, report: (report: ReportOf<T>) => void) =>
      api.run(
        this.#request(path, options),
        proxy((part) => report(receiver.unpack(part) as ReportOf<T>)),
      ) as Promise<ReportOf<T>>;
    return this.#run<ReportOf<T>>(name, onReport, call, guests && plugFor(path, guests));
  }

  /** Asks a question of an experiment (task.ts), while no task runs. */
  ask<Q extends AnyQuestion>(path: string, options: OptionsOf<Q>): Promise<AnswerOf<Q>> {
    return this.#ask((api) => api.ask(this.#request(path, options)) as Promise<AnswerOf<Q>>);
  }

  #request(path: string, options: object): TaskRequest {
    return { path, options, blocking: this.blocking! };
  }

  /** What a layer of these extents computes and moves. */
  layerWork(kind: string, extents: Record<string, number | boolean>): Promise<LayerWork> {
    return this.#ask((api) => api.layerWork(kind, extents));
  }

  /** The loop nests of the cache simulator. */
  nests(): Promise<NestInfo[]> {
    return this.#ask((api) => api.nests());
  }

  /** Begins the simulation `key` anew. */
  openCache(key: string, settings: CacheSettings): Promise<CacheState> {
    return this.#ask((api) => api.openCache(key, settings));
  }

  stepCache(key: string, count: number, untilMiss: boolean): Promise<CacheMove> {
    return this.#ask((api) => api.stepCache(key, count, untilMiss));
  }

  runCache(key: string, onProgress: (report: CacheReport) => void): Promise<CacheReport> {
    return this.#run<CacheReport>('cache simulation', onProgress, (api, report) => api.runCache(key, report));
  }

  timeCalls(options: TimingOptions, onProgress: (report: TimingReport) => void): Promise<TimingReport> {
    return this.#run<TimingReport>('timer', onProgress, (api, report) => api.timeCalls(options, report));
  }

  profileModel(options: ProfileOptions, onProgress: (report: ProfileReport) => void): Promise<ProfileReport> {
    return this.#run<ProfileReport>('profile', onProgress, (api, report) => api.profileModel(options, report));
  }

  /**
   * A language model writes the same text by one or several decoders, token by token. Lanes whose decoder has `own` run the guest, in a worker
   * of its own, which is ended afterwards.
   */
  generate(
    options: GenerateOptions,
    onProgress: (report: GenerateReport) => void,
    guest?: DecoderGuest,
  ): Promise<GenerateReport> {
    const write = (api: Remote<EngineApi>, report: (report: GenerateReport) => void) => api.generate(options, report);
    return this.#run<GenerateReport>('generation', onProgress, write, guest && plugIntoDecoder(guest));
  }

  /** A decoder that runs the guest writes a text, and the library's follows it: are the tokens the same, and how fast is either? */
  compareDecoders(
    options: OwnDecoderOptions,
    onProgress: (report: OwnDecoderReport) => void,
    guest: DecoderGuest,
  ): Promise<OwnDecoderReport> {
    const compare = (api: Remote<EngineApi>, report: (report: OwnDecoderReport) => void) =>
      api.compareDecoders(options, report);
    return this.#run<OwnDecoderReport>('your decoder', onProgress, compare, plugIntoDecoder(guest));
  }

  /** Generations of some lengths: where the cache pays, and where the prompt takes all the time. */
  measureLoads(options: LoadOptions, onProgress: (report: LoadReport) => void): Promise<LoadReport> {
    return this.#run<LoadReport>('short generations', onProgress, (api, report) => api.measureLoads(options, report));
  }

  /** A token's time while the cache grows. */
  measureReading(options: ReadOptions, onProgress: (report: ReadReport) => void): Promise<ReadReport> {
    return this.#run<ReadReport>('growing cache', onProgress, (api, report) => api.measureReading(options, report));
  }

  /** Several sequences generated together. */
  measureBatches(options: BatchOptions, onProgress: (report: BatchReport) => void): Promise<BatchReport> {
    return this.#run<BatchReport>('batches', onProgress, (api, report) => api.measureBatches(options, report));
  }

  /** What a cache of keys and values holds, writes and loses while a model reads a text; while no task runs. */
  traceCache(options: ReadText): Promise<CacheTrace> {
    return this.#ask((api) => api.traceCache(options));
  }

  /** Where a model's heads look, while no task runs. */
  mapAttention(options: ReadText): Promise<AttentionMaps> {
    return this.#ask((api) => api.mapAttention(options));
  }

  /** What a policy takes in memory, while no task runs. */
  sizePolicy(options: PolicyOptions): Promise<PolicySize> {
    return this.#ask((api) => api.sizePolicy(options));
  }

  /** Memory, speed and perplexity of a way of keeping keys, values and weights. */
  explorePolicy(options: PolicyOptions, onProgress: (report: PolicyReport) => void): Promise<PolicyReport> {
    return this.#run<PolicyReport>('cache policy', onProgress, (api, report) => api.explorePolicy(options, report));
  }

  /**
   * Trains a model. A stop leaves the training with the worker, so that a later call can go on in the middle of an epoch; should the worker
   * not live until then, the call goes on after the epoch that its options bring along.
   */
  train(options: TrainOptions, onProgress: (report: TrainReport) => void): Promise<TrainReport> {
    return this.#run<TrainReport>('training', onProgress, (api, report) => api.train(options, report));
  }

  /** Releases a training that was stopped, while no task runs. */
  async dropTraining(): Promise<void> {
    if (this.#worker !== null) await this.#ask((api) => api.dropTraining());
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

  /** A short question, while no task runs. */
  async #ask<T>(question: (api: Remote<EngineApi>) => Promise<T>): Promise<T> {
    const session = await this.#open();
    return Promise.race([question(session.api), session.died]);
  }

  /** Runs one task; resolves with its last report, also after a stop. */
  async #run<R extends { done: boolean; stopped: boolean }>(
    name: string,
    onProgress: (report: R) => void,
    call: (api: Remote<EngineApi>, report: (report: R) => void) => Promise<R>,
    plug?: Plug,
  ): Promise<R> {
    this.#refuseSecond();
    this.#setTask(name);
    let stopped = false;
    let over = false;
    let last: R | null = null;
    let grace: ReturnType<typeof setTimeout> | undefined;
    let deadline = Infinity;
    let silence: ReturnType<typeof setTimeout> | undefined;
    let session: Session | null = null;
    try {
      this.#cancel = () => {
        stopped = true;
      };
      const opened = plug === undefined ? await this.#open() : await this.#openAnother();
      session = opened;
      if (stopped) throw new StoppedError();
      const heard = () => {
        clearTimeout(silence);
        silence = setTimeout(() => opened.kill(new EngineError('The engine stopped answering')), kSilenceLimitMs);
      };
      this.#cancel = (graceMs) => {
        stopped = true;
        void opened.api.stop();
        if (performance.now() + graceMs >= deadline) return;
        deadline = performance.now() + graceMs;
        clearTimeout(grace);
        grace = setTimeout(() => opened.kill(new EngineError('Stopped')), graceMs);
      };
      heard();
      const report = proxy((value: R) => {
        if (over) return; // it took another way than the result, which was faster
        last = value;
        heard();
        if (!stopped) onProgress(value);
      });
      if (plug !== undefined) await Promise.race([plug(opened.api), opened.died]);
      return await Promise.race([call(opened.api, report), opened.died]);
    } catch (error) {
      // A trap leaves the module's memory in an unknown state: never reuse it.
      if (error instanceof Error && error.name === 'RuntimeError') {
        session?.kill(new EngineError(`The engine crashed: ${error.message}`));
      }
      const partial = last as R | null;
      if (stopped && partial !== null) return { ...partial, done: true, stopped: true };
      if (stopped || (error instanceof Error && error.name === 'StoppedError')) throw new StoppedError();
      throw error;
    } finally {
      over = true;
      clearTimeout(grace);
      clearTimeout(silence);
      if (plug !== undefined) session?.kill(new EngineError('The guest has left'));
      this.#cancel = null;
      this.#setTask(null);
    }
  }

  /** A session beside the page's, of the same build, for one task. */
  async #openAnother(): Promise<Session> {
    const { choice } = await this.start();
    return (await startWithFallback(choice, (candidate) => this.#startWorker(candidate))).result;
  }

  #open(): Promise<Session> {
    this.#session ??= this.#startSession().catch((error: unknown) => {
      this.#session = null;
      throw error;
    });
    return this.#session;
  }

  async #startSession(): Promise<Session> {
    const wanted = this.#running?.choice ?? chooseBuild(await detectFeatures());
    const { choice, result } = await startWithFallback(wanted, (candidate) => this.#startWorker(candidate));
    this.#worker = result.worker;
    this.#running = { choice, info: result.running.info };
    this.dispatchEvent(new Event('change'));
    return result;
  }

  #startWorker(choice: BuildChoice): Promise<Session> {
    const worker = this.#spawn();
    const onEnd = () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#session = null;
    };
    return startSession(worker, choice, { base: this.#base, onEnd });
  }

  #setTask(name: string | null): void {
    this.#task = name;
    this.#endMeasuring?.();
    this.#endMeasuring = name === null ? null : measuring.begin();
    this.dispatchEvent(new Event('change'));
  }
}
