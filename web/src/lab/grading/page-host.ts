/**
 * Grading's surroundings in a page: a compiler in a worker that lives on and is replaced when it hangs or breaks, kernels in a worker that
 * lasts for one grading. Both can be ended at any moment, so that a stop always works.
 */
import { failedCompile, type CompileOptions, type CompileResult, type TrapSite } from '../compiler/compile.ts';
import type { CompilerQuestion, LoadedCompiler, LoadQuestion } from '../compiler/compiler-program.ts';
import type { LoadProgress } from '../compiler/loader.ts';
import { messageOf } from '../errors.ts';
import { CaseRunner } from './case-runner.ts';
import type { GradeHost } from './host.ts';
import { Killable, type Said, type Spawn } from './killable.ts';
import type { CaseOutcome, CaseRequest } from './run-case.ts';
import { canShareMemory } from './team.ts';

/** What this needs of a worker; tests have one without threads. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'error', listener: (event: ErrorEventLike) => void): void;
}
interface ErrorEventLike {
  message?: string;
  preventDefault?(): void;
}

export interface PageHostOptions {
  /** The site's folder with toolchain.json, with a slash at the end. */
  url: string;
  spawnCompiler: () => WorkerLike;
  spawnKernel: () => WorkerLike;
  /** Seconds; a compile that takes longer is ended. Tests are less patient. */
  compileLimit?: number;
  /** Seconds for a kernel worker to load what it needs. */
  startLimit?: number;
}

export type CompilerState =
  | { name: 'off' }
  | { name: 'loading'; progress: LoadProgress | null }
  | { name: 'ready'; loaded: LoadedCompiler }
  | { name: 'failed'; reason: string };

const kCompileLimit = 15;
/** As many as Node's host has, so that both measure alike. */
const kMostThreads = 4;
const kStopped = 'Stopped';

/** `died`: the sentence about a worker that failed, of the browser's message. */
function spawnWorker<Note>(spawn: () => WorkerLike, died: (message: string) => string): Spawn<Note> {
  return (hear, die) => {
    const worker = spawn();
    worker.addEventListener('message', ({ data }) => hear(data as Said<Note>));
    worker.addEventListener('error', (event) => {
      event.preventDefault?.();
      die(died(event.message ?? ''));
    });
    return { post: (question) => worker.postMessage(question), end: () => worker.terminate() };
  };
}

/** Fires `change` when the compiler's state changes. */
export class PageHost extends EventTarget implements GradeHost {
  readonly threads = canShareMemory() ? Math.min(kMostThreads, globalThis.navigator?.hardwareConcurrency ?? 1) : 1;
  readonly #options: PageHostOptions;
  #state: CompilerState = { name: 'off' };
  readonly #compiler: Killable<CompilerQuestion | LoadQuestion, LoadProgress>;
  readonly #cases: CaseRunner;
  #loading: Promise<void> | null = null;
  #version = '';
  /** Questions wait for each other: one that follows a failure must find the compiler loaded again. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: PageHostOptions) {
    super();
    this.#options = options;
    const failed = (message: string) => `The compiler's worker failed: ${message || 'no reason given'}`;
    const broke = (message: string) => `The run broke: ${message || 'its worker could not be loaded'}`;
    this.#compiler = new Killable(spawnWorker(options.spawnCompiler, failed));
    this.#cases = new CaseRunner(spawnWorker(options.spawnKernel, broke), options.startLimit);
  }

  get state(): CompilerState {
    return this.#state;
  }
  get compiler(): string {
    return this.#version;
  }

  /** Loads the compiler if it isn't there; called again after a failure, it tries again. Throws what went wrong. */
  enable(): Promise<void> {
    if (this.#state.name === 'ready' && !this.#compiler.isAlive) this.#loading = null;
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  async compile(options: CompileOptions): Promise<CompileResult> {
    const answer = await this.#ask<CompileResult>({ kind: 'compile', options });
    return 'value' in answer ? answer.value : failedCompile(answer.failure);
  }

  async trapSite(wasm: Uint8Array, offset: number): Promise<TrapSite> {
    const answer = await this.#ask<TrapSite>({ kind: 'trapSite', wasm, offset });
    return 'value' in answer ? answer.value : { line: null, reason: null };
  }

  run(request: CaseRequest, budget: number): Promise<CaseOutcome> {
    return this.#cases.run(request, budget);
  }

  /** Ends the kernel worker: after each grading, so that nothing lives on. A case that still runs ends as an error with this reason. */
  endRun(reason = kStopped): void {
    this.#cases.end(reason);
  }

  /** Ends whatever runs, at once. A compiler that was at work is replaced by a fresh one. */
  stop(): void {
    this.endRun();
    if (this.#compiler.isBusy) this.#compiler.kill(kStopped);
  }

  #setState(state: CompilerState): void {
    this.#state = state;
    this.dispatchEvent(new Event('change'));
  }

  async #load(): Promise<void> {
    this.#setState({ name: 'loading', progress: null });
    const answer = await this.#compiler.ask<LoadedCompiler>(
      { kind: 'load', url: this.#options.url },
      {
        start: Infinity,
        work: () => Infinity,
        onNote: (progress) => this.#setState({ name: 'loading', progress }),
      },
    );
    if ('failure' in answer) {
      const { failure, reason } = answer;
      this.#setState(failure === 'killed' ? { name: 'off' } : { name: 'failed', reason });
      throw new Error(reason);
    }
    this.#version = answer.value.version;
    this.#setState({ name: 'ready', loaded: answer.value });
  }

  /** One question after another, each within the limit from its own beginning. */
  #ask<T>(question: CompilerQuestion): Promise<{ value: T } | { failure: string }> {
    const work = this.#queue.then(async () => {
      try {
        await this.enable();
      } catch (error) {
        return { failure: `The compiler could not be loaded: ${messageOf(error)}` };
      }
      const seconds = this.#options.compileLimit ?? kCompileLimit;
      const answer = await this.#compiler.ask<T>(question, { start: seconds, work: () => seconds });
      if ('value' in answer) return answer;
      // It comes back out of the browser's cache, ready for the next question; the state tells how that goes.
      this.enable().catch(() => {});
      const { failure, reason } = answer;
      if (failure === 'crash') return { failure: `The compiler broke: ${reason}` };
      const late = `Compiling took longer than ${seconds} s and was stopped. The compiler is being started again`;
      return { failure: reason || late };
    });
    this.#queue = work;
    return work;
  }
}
