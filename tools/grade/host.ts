// Grading's surroundings in Node: a compiler in a process of its own, kernels in a thread of their own.
import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CompileOptions, CompileResult, TrapSite } from '#lab/compiler/compile.ts';
import type { GradeHost } from '#lab/grading/host.ts';
import { outcome, type CaseOutcome, type CaseRequest } from '#lab/grading/run-case.ts';
import { Recent } from '../lib/recent.ts';
import { vendorToolchain } from '../lib/toolchain.ts';
import type { CompilerReply, CompilerRequest } from './compiler-process.ts';

/**
 * A compile that takes longer is ended: what a student writes compiles in less than a second. Where the compiler's own start took longer than its
 * usual 1.5 s the machine is busy, and the limit longer as well.
 */
const kCompileLimitMs = 15_000;
const kLongestCompileLimitMs = 60_000;
/** The compiler's own start, on a slow or busy machine. */
const kStartLimitMs = 60_000;
/**
 * Compiled sources that are kept, tens of KB each: a reference is asked for with every submission, and between two of one exercise come the
 * builds of all others, some forty.
 */
const kMostCompiled = 128;

type Question = CompilerRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

class Compiler {
  #child: Promise<ChildProcess> | null = null;
  #serial = 0;
  #limit = kCompileLimitMs;

  #start(): Promise<ChildProcess> {
    if (this.#child !== null) return this.#child;
    const starting = new Promise<ChildProcess>((resolve, reject) => {
      const child = fork(join(import.meta.dirname, 'compiler-process.ts'), {
        // At most 1 GB of memory: a large array with an initializer would take four.
        execArgv: ['--liftoff-only', '--wasm-max-mem-pages=16384', '--disable-warning=ExperimentalWarning'],
        serialization: 'advanced',
      });
      const late = setTimeout(() => child.kill('SIGKILL'), kStartLimitMs);
      child.once('exit', () => {
        clearTimeout(late);
        // One that was replaced long ago may end only now.
        if (this.#child === starting) this.#child = null;
        reject(new Error('the compiler could not be started'));
      });
      const begun = performance.now();
      child.once('message', () => {
        clearTimeout(late);
        const busy = 10 * (performance.now() - begun);
        this.#limit = Math.min(Math.max(busy, kCompileLimitMs), kLongestCompileLimitMs);
        resolve(child);
      });
    });
    this.#child = starting;
    return starting;
  }

  /** Null: it took too long; a text: it broke. Either way the next question goes to a fresh process. */
  async ask<T>(question: Question): Promise<{ value: T } | { failure: string }> {
    const child = await this.#start();
    const id = ++this.#serial;
    const limitMs = this.#limit;
    return new Promise((resolve) => {
      const settle = (answer: { value: T } | { failure: string }) => {
        clearTimeout(limit);
        child.off('message', onMessage);
        child.off('exit', onExit);
        if ('failure' in answer) {
          this.#child = null;
          child.kill('SIGKILL');
        }
        resolve(answer);
      };
      const onMessage = (reply: CompilerReply) => {
        if (reply.id === id)
          settle(
            reply.crash === null
              ? { value: reply.value as T }
              : { failure: `The compiler broke on this source: ${reply.crash}` },
          );
      };
      const onExit = () => settle({ failure: 'The compiler broke on this source: it ran out of memory or was ended' });
      const limit = setTimeout(
        () => settle({ failure: `Compiling took longer than ${(limitMs / 1000).toFixed(0)} s and was stopped` }),
        limitMs,
      );
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.send({ ...question, id });
    });
  }

  close(): void {
    void this.#child?.then((child) => child.kill('SIGKILL')).catch(() => {});
  }
}

export class NodeHost implements GradeHost {
  readonly threads: number;
  readonly compiler = vendorToolchain().version;
  readonly #compiler = new Compiler();
  readonly #compiled = new Recent<CompileResult>(kMostCompiled);
  #thread: Worker | null = null;

  /** `threads`: how many may run one kernel at once. */
  constructor(threads = Math.min(4, availableParallelism())) {
    this.threads = threads;
  }

  async compile(options: CompileOptions): Promise<CompileResult> {
    const key = createHash('sha256').update(JSON.stringify(options)).digest('hex');
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const answer = await this.#compiler.ask<CompileResult>({ kind: 'compile', options });
    if ('failure' in answer) {
      const diagnostic = {
        severity: 'error',
        file: null,
        line: 0,
        column: 0,
        range: null,
        message: answer.failure,
      } as const;
      return { wasm: null, diagnostics: [diagnostic], assembly: null, seconds: 0 };
    }
    this.#compiled.set(key, answer.value);
    return answer.value;
  }

  async trapSite(wasm: Uint8Array, offset: number): Promise<TrapSite> {
    const answer = await this.#compiler.ask<TrapSite>({ kind: 'trapSite', wasm, offset });
    return 'value' in answer ? answer.value : { line: null, reason: null };
  }

  run(request: CaseRequest, budget: number): Promise<CaseOutcome> {
    this.#thread ??= new Worker(join(import.meta.dirname, 'kernel-thread.ts'), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    const thread = this.#thread;
    return new Promise((resolve) => {
      const settle = (found: CaseOutcome, broken: boolean) => {
        clearTimeout(limit);
        thread.off('message', onMessage).off('error', onError).off('exit', onExit);
        if (broken) {
          this.#thread = null;
          void thread.terminate();
        }
        resolve(found);
      };
      const limit = setTimeout(
        () =>
          settle(outcome('timeout', `It was still running after ${budget.toFixed(0)} s`, { seconds: budget }), true),
        budget * 1000,
      );
      const onMessage = (found: CaseOutcome) => settle(found, false);
      const onError = (error: Error) => settle(outcome('error', `The run broke: ${error.message}`), true);
      const onExit = () => settle(outcome('error', 'The run ended by itself'), true);
      thread.on('message', onMessage).on('error', onError).on('exit', onExit);
      thread.postMessage(request);
    });
  }

  close(): void {
    this.#compiler.close();
    void this.#thread?.terminate();
  }
}
