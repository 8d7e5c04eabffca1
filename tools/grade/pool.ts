// Processes that grade, and what happens when they die: another takes over, and a submission that killed two is given up.
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { GradeResult } from '#lab/grading/result.ts';
import { TimingLock } from './timing-lock.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-process.ts';

export interface Job {
  key: string;
  exercise: string;
  source: string;
  /** Seconds without a sign of life after which the process is ended: more than any step's own limit. */
  patience: number;
}

export type JobOutcome = { result: GradeResult } | { broken: string };

export interface PoolOptions {
  jobs: number;
  lock: TimingLock;
  settings: WorkerSettings;
  onDone: (job: Job, outcome: JobOutcome) => void;
  /** For tests: the program that runs instead of worker-process.ts. */
  program?: string;
  /** The machine's cores; measurements and other runs together never keep more of them busy. */
  cores?: number;
}

/** Processes that one submission may break before it is given up. */
const kMostCrashes = 2;

interface Seat {
  child: ChildProcess;
  isReady: boolean;
  job: Job | null;
  /** Cores that it keeps busy: none while it waits, more than one while it measures a kernel of several threads. */
  load: number;
  /** Cores that its measurement needs; null if it doesn't measure. */
  measuring: number | null;
  /** Gives the lock back. */
  release: (() => void) | null;
  watchdog: NodeJS.Timeout | null;
  /** The end of what it wrote to stderr. */
  said: string;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #queue: Job[];
  readonly #crashes = new Map<Job, number>();
  readonly #seats = new Set<Seat>();
  /** Those who have the lock and wait until enough cores are free. */
  readonly #wanting = new Set<Seat>();
  #settle: { resolve: () => void; reject: (error: Error) => void } | null = null;
  #isStopped = false;

  constructor(jobs: readonly Job[], options: PoolOptions) {
    this.#options = options;
    this.#queue = [...jobs];
  }

  /** Resolves when all jobs are done or stop() was called. Rejects if processes can't be started. */
  async run(): Promise<void> {
    if (this.#queue.length === 0) return;
    const done = new Promise<void>((resolve, reject) => (this.#settle = { resolve, reject }));
    for (let i = 0; i < Math.min(this.#options.jobs, this.#queue.length); ++i) this.#seat();
    await done.finally(() => this.stop());
  }

  /** Ends all processes at once; jobs under way are not done. */
  stop(): void {
    this.#isStopped = true;
    for (const seat of this.#seats) end(seat);
    this.#seats.clear();
    this.#settle?.resolve();
  }

  #seat(): void {
    const program = this.#options.program ?? join(import.meta.dirname, 'worker-process.ts');
    const child = fork(program, {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A group of its own, which is ended together with the compiler in it.
      detached: true,
    });
    const seat: Seat = {
      ...{ child, isReady: false, job: null, load: 0, measuring: null, release: null, watchdog: null, said: '' },
    };
    this.#seats.add(seat);
    child.stderr?.on('data', (chunk: Buffer) => (seat.said = (seat.said + chunk.toString()).slice(-2000)));
    child.on('message', (message: FromWorker) => this.#hear(seat, message));
    child.once('exit', (code, signal) => this.#lost(seat, signal ?? `exit code ${code}`));
    child.once('error', (error) => this.#lost(seat, error.message));
    // A channel that breaks while something is sent: 'exit' follows and says all.
    this.#send(seat, { kind: 'settings', settings: this.#options.settings });
  }

  #send({ child }: Seat, message: ToWorker): void {
    if (child.connected) child.send(message, () => {});
  }

  #watch(seat: Seat): void {
    if (seat.watchdog !== null) clearTimeout(seat.watchdog);
    seat.watchdog = seat.job === null ? null : setTimeout(() => end(seat), seat.job.patience * 1000);
  }

  #hear(seat: Seat, message: FromWorker): void {
    if (!this.#seats.has(seat)) return;
    switch (message.kind) {
      case 'ready':
        seat.isReady = true;
        return this.#advance();
      case 'alive':
        return this.#watch(seat);
      case 'mayIMeasure':
        return void this.#wish(seat, message.threads);
      case 'measured':
        this.#release(seat);
        seat.load = 1;
        this.#watch(seat);
        return this.#advance();
      case 'graded':
        return this.#done(seat, { result: message.result });
      case 'broke':
        return this.#done(seat, { broken: message.reason });
    }
  }

  get #cores(): number {
    return this.#options.cores ?? availableParallelism();
  }

  #load(): number {
    return [...this.#seats].reduce((sum, { load }) => sum + load, 0);
  }

  /** Waiting has no limit: those before it have. */
  async #wish(seat: Seat, threads: number): Promise<void> {
    if (seat.watchdog !== null) clearTimeout(seat.watchdog);
    seat.load = 0;
    this.#advance();
    const isHere = () => this.#seats.has(seat);
    const release = await this.#options.lock.acquire(isHere);
    if (release === null) return;
    if (!isHere()) return release();
    seat.release = release;
    seat.measuring = threads;
    this.#wanting.add(seat);
    this.#advance();
  }

  #release(seat: Seat): void {
    this.#wanting.delete(seat);
    seat.measuring = null;
    seat.release?.();
    seat.release = null;
  }

  /** Lets begin what there is room for: measurements first, as nothing new begins while one waits. */
  #advance(): void {
    for (const seat of this.#wanting) {
      const threads = Math.min(seat.measuring ?? 1, this.#cores);
      if (this.#load() + threads > this.#cores) continue;
      this.#wanting.delete(seat);
      seat.load = threads;
      this.#watch(seat);
      this.#send(seat, { kind: 'measure' });
    }
    for (const seat of this.#seats) if (seat.isReady && seat.job === null) this.#next(seat);
  }

  #next(seat: Seat): void {
    const isMeasured = [...this.#seats].some(({ measuring }) => measuring !== null);
    if (this.#queue.length > 0 && (this.#wanting.size > 0 || (isMeasured && this.#load() >= this.#cores))) return;
    const job = this.#queue.shift();
    seat.job = job ?? null;
    this.#watch(seat);
    if (job !== undefined) {
      seat.load = 1;
      return this.#send(seat, { kind: 'grade', exercise: job.exercise, source: job.source });
    }
    this.#seats.delete(seat);
    end(seat);
    if (this.#seats.size === 0) this.#settle?.resolve();
  }

  #done(seat: Seat, outcome: JobOutcome): void {
    const { job } = seat;
    if (job === null) return;
    this.#release(seat);
    seat.job = null;
    seat.load = 0;
    this.#options.onDone(job, outcome);
    if (!this.#isStopped) this.#advance();
  }

  #lost(seat: Seat, how: string): void {
    if (!this.#seats.delete(seat)) return;
    this.#release(seat);
    if (seat.watchdog !== null) clearTimeout(seat.watchdog);
    end(seat);
    const { job } = seat;
    if (!seat.isReady) {
      this.#settle?.reject(new Error(`a grading process could not be started (${how})\n${seat.said}`));
      return;
    }
    if (job !== null) {
      const crashes = (this.#crashes.get(job) ?? 0) + 1;
      this.#crashes.set(job, crashes);
      if (crashes < kMostCrashes) this.#queue.unshift(job);
      else this.#options.onDone(job, { broken: `the grading process ended ${crashes} times (${how})` });
    }
    if (this.#isStopped) return;
    if (this.#queue.length > 0) this.#seat();
    else if (this.#seats.size === 0) this.#settle?.resolve();
    this.#advance();
  }
}

function end({ child, watchdog, release }: Seat): void {
  if (watchdog !== null) clearTimeout(watchdog);
  release?.();
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
