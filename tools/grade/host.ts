// Grading's surroundings in Node: a compiler in a process of its own, kernels in a thread of their own.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { failedCompile, type CompileOptions, type CompileResult, type TrapSite } from '#lab/compiler/compile.ts';
import type { CompilerQuestion } from '#lab/compiler/compiler-program.ts';
import { CaseRunner } from '#lab/grading/case-runner.ts';
import type { GradeHost } from '#lab/grading/host.ts';
import { Killable, type Spawn } from '#lab/grading/killable.ts';
import type { CaseOutcome, CaseRequest } from '#lab/grading/run-case.ts';
import { Recent } from '../lib/recent.ts';
import { vendorToolchain } from '../lib/toolchain.ts';

/**
 * A compile that takes longer is ended: what a student writes compiles in less than a second. Where the compiler's own start took longer than its
 * usual 1.5 s the machine is busy, and the limit longer as well. Seconds.
 */
const kCompileLimit = 15;
const kLongestCompileLimit = 60;
/** The compiler's own start, on a slow or busy machine. */
const kStartLimit = 60;
/**
 * Compiled sources that are kept, tens of KB each: a reference is asked for with every submission, and between two of one exercise come the
 * builds of all others, some forty.
 */
const kMostCompiled = 128;

/** At most 1 GB of memory: a large array with an initializer would take four. */
const kCompilerFlags = ['--liftoff-only', '--wasm-max-mem-pages=16384', '--disable-warning=ExperimentalWarning'];

const spawnCompiler: Spawn = (hear, die) => {
  const child = fork(join(import.meta.dirname, 'compiler-process.ts'), {
    execArgv: kCompilerFlags,
    serialization: 'advanced',
  });
  child.on('message', hear).on('exit', () => die('it ran out of memory or was ended'));
  return { post: (question) => child.send(question as object), end: () => void child.kill('SIGKILL') };
};

const spawnThread: Spawn = (hear, die) => {
  const thread = new Worker(join(import.meta.dirname, 'kernel-thread.ts'), {
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  thread
    .on('message', hear)
    .on('error', ({ message }) => die(`The run broke: ${message}`))
    .on('exit', () => die('The run ended by itself'));
  return { post: (request) => thread.postMessage(request), end: () => void thread.terminate() };
};

/** The compiler's process. */
class Compiler {
  /** Seconds for a question. */
  #limit = kCompileLimit;
  readonly #program = new Killable<CompilerQuestion>((hear, die) => {
    this.#spawned = performance.now();
    return spawnCompiler(hear, die);
  });
  /** When a process was started that has not been heard yet. */
  #spawned: number | null = null;

  async ask<T>(question: CompilerQuestion): Promise<{ value: T } | { failure: string }> {
    const work = () => {
      if (this.#spawned !== null) {
        const busy = (10 * (performance.now() - this.#spawned)) / 1000;
        this.#limit = Math.min(Math.max(busy, kCompileLimit), kLongestCompileLimit);
        this.#spawned = null;
      }
      return this.#limit;
    };
    const answer = await this.#program.ask<T>(question, { start: kStartLimit, work });
    if ('value' in answer) return answer;
    if (answer.failure === 'start') throw new Error('the compiler could not be started');
    if (answer.failure === 'late')
      return { failure: `Compiling took longer than ${this.#limit.toFixed(0)} s and was stopped` };
    return { failure: `The compiler broke on this source: ${answer.reason}` };
  }

  close(): void {
    this.#program.kill('it was ended');
  }
}

export class NodeHost implements GradeHost {
  readonly threads: number;
  readonly compiler = vendorToolchain().version;
  readonly #compiler = new Compiler();
  readonly #compiled = new Recent<CompileResult>(kMostCompiled);
  readonly #cases = new CaseRunner(spawnThread);

  /** `threads`: how many may run one kernel at once. */
  constructor(threads = Math.min(4, availableParallelism())) {
    this.threads = threads;
  }

  async compile(options: CompileOptions): Promise<CompileResult> {
    const key = createHash('sha256').update(JSON.stringify(options)).digest('hex');
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const answer = await this.#compiler.ask<CompileResult>({ kind: 'compile', options });
    if ('failure' in answer) return failedCompile(answer.failure);
    this.#compiled.set(key, answer.value);
    return answer.value;
  }

  async trapSite(wasm: Uint8Array, offset: number): Promise<TrapSite> {
    const answer = await this.#compiler.ask<TrapSite>({ kind: 'trapSite', wasm, offset });
    return 'value' in answer ? answer.value : { line: null, reason: null };
  }

  run(request: CaseRequest, budget: number): Promise<CaseOutcome> {
    return this.#cases.run(request, budget);
  }

  close(): void {
    this.#compiler.close();
    this.#cases.end('The run was ended');
  }
}
