/**
 * Grading's surroundings in a page: a compiler in a worker that lives on and is replaced when it hangs or breaks, kernels in a worker that
 * lasts for one grading. Both can be ended at any moment, so that a stop always works.
 */
import type { CompilerReply, CompilerRequest, LoadedCompiler } from '../compiler/compiler-protocol.ts';
import type { CompileOptions, CompileResult, TrapSite } from '../compiler/compile.ts';
import type { LoadProgress } from '../compiler/loader.ts';
import type { GradeHost } from './host.ts';
import type { KernelReply } from './kernel-protocol.ts';
import { outcome, type CaseOutcome, type CaseRequest } from './run-case.ts';
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
const kStartLimit = 20;
/** As many as Node's host has, so that both measure alike. */
const kMostThreads = 4;
const kStopped = 'Stopped';

type Question = CompilerRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;
type Answer<T> = { value: T } | { failure: string };

/** Fires `change` when the compiler's state changes. */
export class PageHost extends EventTarget implements GradeHost {
  readonly threads = canShareMemory() ? Math.min(kMostThreads, globalThis.navigator?.hardwareConcurrency ?? 1) : 1;
  readonly #options: PageHostOptions;
  #state: CompilerState = { name: 'off' };
  #compiler: WorkerLike | null = null;
  #loading: Promise<void> | null = null;
  #serial = 0;
  #version = '';
  /** Questions wait for each other: a limit counts from when the compiler begins. */
  #queue: Promise<unknown> = Promise.resolve();
  readonly #pending = new Map<number, (reply: Exclude<CompilerReply, { progress: LoadProgress }>) => void>();
  /** Ends what waits for the compiler, with the reason. */
  #breakOff: ((reason: string) => void) | null = null;

  #kernel: WorkerLike | null = null;
  #endCase: ((found: CaseOutcome) => void) | null = null;
  #onBegun: (() => void) | null = null;

  constructor(options: PageHostOptions) {
    super();
    this.#options = options;
  }

  get state(): CompilerState {
    return this.#state;
  }
  get compiler(): string {
    return this.#version;
  }

  /** Loads the compiler if it isn't there; called again after a failure, it tries again. Throws what went wrong. */
  enable(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = null;
      throw error;
    });
    return this.#loading;
  }

  async compile(options: CompileOptions): Promise<CompileResult> {
    const answer = await this.#ask<CompileResult>({ kind: 'compile', options });
    return 'value' in answer ? answer.value : failed(answer.failure);
  }

  async trapSite(wasm: Uint8Array, offset: number): Promise<TrapSite> {
    const answer = await this.#ask<TrapSite>({ kind: 'trapSite', wasm, offset });
    return 'value' in answer ? answer.value : { line: null, reason: null };
  }

  run(request: CaseRequest, budget: number): Promise<CaseOutcome> {
    const kernel = (this.#kernel ??= this.#openKernel());
    return new Promise((resolve) => {
      const end = (found: CaseOutcome) => {
        clearTimeout(limit);
        this.#endCase = null;
        this.#onBegun = null;
        resolve(found);
      };
      // Loading the worker's script is not the kernel's time.
      const startLimit = this.#options.startLimit ?? kStartLimit;
      let limit = setTimeout(() => this.endRun(`The run did not start within ${startLimit} s`), startLimit * 1000);
      this.#endCase = end;
      this.#onBegun = () => {
        clearTimeout(limit);
        limit = setTimeout(() => {
          this.#dropKernel();
          end(outcome('timeout', `It was still running after ${budget.toFixed(0)} s`, { seconds: budget }));
        }, budget * 1000);
      };
      kernel.postMessage(request);
    });
  }

  /** Ends the kernel worker: after each grading, so that nothing lives on. A case that still runs ends as an error with this reason. */
  endRun(reason = kStopped): void {
    this.#dropKernel();
    this.#endCase?.(outcome('error', reason));
  }

  /** Ends whatever runs, at once. A compiler that was at work is replaced by a fresh one. */
  stop(): void {
    this.endRun();
    this.#breakOff?.(kStopped);
  }

  #setState(state: CompilerState): void {
    this.#state = state;
    this.dispatchEvent(new Event('change'));
  }

  async #load(): Promise<void> {
    this.#setState({ name: 'loading', progress: null });
    const worker = this.#openCompiler();
    const answer = await this.#send<LoadedCompiler>(worker, { kind: 'load', url: this.#options.url }, null);
    if ('failure' in answer) {
      this.#setState(answer.failure === kStopped ? { name: 'off' } : { name: 'failed', reason: answer.failure });
      throw new Error(answer.failure);
    }
    this.#version = answer.value.version;
    this.#setState({ name: 'ready', loaded: answer.value });
  }

  #openCompiler(): WorkerLike {
    const worker = this.#options.spawnCompiler();
    this.#compiler = worker;
    worker.addEventListener('message', ({ data }) => {
      if (this.#compiler !== worker) return;
      const reply = data as CompilerReply;
      if ('progress' in reply) this.#setState({ name: 'loading', progress: reply.progress });
      else this.#pending.get(reply.id)?.(reply);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault?.();
      if (this.#compiler === worker)
        this.#breakOff?.(`The compiler's worker failed: ${event.message || 'no reason given'}`);
    });
    return worker;
  }

  /** One question after another, each within the limit from its own beginning. */
  #ask<T>(question: Question): Promise<Answer<T>> {
    const work = this.#queue.then(async (): Promise<Answer<T>> => {
      try {
        await this.enable();
      } catch (error) {
        return { failure: `The compiler could not be loaded: ${(error as Error).message}` };
      }
      if (this.#compiler === null) return { failure: 'The compiler is not there' };
      return this.#send<T>(this.#compiler, question, this.#options.compileLimit ?? kCompileLimit);
    });
    this.#queue = work;
    return work;
  }

  #send<T>(worker: WorkerLike, question: Question, seconds: number | null): Promise<Answer<T>> {
    const id = ++this.#serial;
    return new Promise((resolve) => {
      const settle = (answer: Answer<T>) => {
        clearTimeout(limit);
        this.#pending.delete(id);
        if (this.#breakOff === giveUp) this.#breakOff = null;
        resolve(answer);
      };
      const giveUp = (reason: string) => {
        this.#compiler?.terminate();
        this.#compiler = null;
        this.#loading = null;
        settle({ failure: reason });
        // One that was at work comes back out of the browser's cache, ready for the next question.
        if (question.kind !== 'load') void this.enable().catch(() => {}); // the state tells
      };
      const late = `Compiling took longer than ${seconds} s and was stopped. The compiler is being started again`;
      const limit = seconds === null ? undefined : setTimeout(() => giveUp(late), seconds * 1000);
      this.#breakOff = giveUp;
      this.#pending.set(id, (reply) => {
        if ('crash' in reply) giveUp(question.kind === 'load' ? reply.crash : `The compiler broke: ${reply.crash}`);
        else settle({ value: reply.value as T });
      });
      worker.postMessage({ ...question, id });
    });
  }

  #openKernel(): WorkerLike {
    const worker = this.#options.spawnKernel();
    worker.addEventListener('message', ({ data }) => {
      if (this.#kernel !== worker) return;
      const reply = data as KernelReply;
      if (reply.kind === 'begun') this.#onBegun?.();
      else this.#endCase?.(reply.outcome);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault?.();
      if (this.#kernel === worker) this.endRun(`The run broke: ${event.message || 'its worker could not be loaded'}`);
    });
    return worker;
  }

  #dropKernel(): void {
    this.#kernel?.terminate();
    this.#kernel = null;
  }
}

function failed(message: string): CompileResult {
  const diagnostic = { severity: 'error', file: null, line: 0, column: 0, range: null, message } as const;
  return { wasm: null, diagnostics: [diagnostic], assembly: null, seconds: 0 };
}
