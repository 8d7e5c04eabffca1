/** What a source is compiled into to be graded: for speed at once, with checks and the reference when a task first needs them. */
import { compileErrors, type CompileOptions, type CompileResult, type TrapSite } from '../compiler/compile.ts';
import type { Diagnostic } from '../compiler/diagnostics.ts';
import { declarationsOf, exportsOf, headersOf, type Exercise, type TaskSpec } from './exercise.ts';
import type { GradeHost } from './host.ts';
import { moduleProblems } from './kernel.ts';
import type { CaseOutcome, CaseRequest } from './run-case.ts';
import { signatureProblems } from './signatures.ts';

interface Built {
  wasm: Uint8Array<ArrayBuffer>;
  module: WebAssembly.Module;
}

export class Builds {
  /** Checks run on one thread after the other, where a step too far is sure to trap. */
  readonly isThreaded: boolean;
  readonly #exercise: Exercise;
  readonly #source: string;
  readonly #host: GradeHost;
  #fast: Built | null = null;
  #checked: Built | null = null;
  #reference: WebAssembly.Module | null = null;

  constructor(exercise: Exercise, source: string, host: GradeHost) {
    this.#exercise = exercise;
    this.#source = source;
    this.#host = host;
    this.isThreaded = exercise.spec.threads === true && host.threads > 1;
  }

  /** Compiles the source for speed: what the compiler says of it, and why it cannot be run or null. */
  async start(): Promise<{ diagnostics: Diagnostic[]; refusal: string | null }> {
    const result = await this.#compile('fast', this.#source);
    const { diagnostics } = result;
    const built = await validBuild(result);
    if (typeof built === 'string') return { diagnostics, refusal: built };
    const { spec } = this.#exercise;
    const problems = [
      ...moduleProblems(built.module, exportsOf(spec), this.isThreaded),
      ...signatureProblems(built.wasm, declarationsOf(spec)),
    ];
    if (problems.length > 0) return { diagnostics, refusal: `This module cannot be run: ${problems.join('; ')}` };
    this.#fast = built;
    return { diagnostics, refusal: null };
  }

  /** Compiles what cases of this kind need beside that; what went wrong, or null. `onChecks` is called if that takes a while. */
  async prepare(kind: TaskSpec['kind'], onChecks: () => void): Promise<string | null> {
    if (kind === 'safety' && this.#checked === null) {
      onChecks();
      const built = await validBuild(await this.#compile('checked', this.#source));
      if (typeof built === 'string') return built;
      this.#checked = built;
    }
    if (kind === 'performance' && this.#reference === null) {
      const { reference } = this.#exercise;
      const built = reference === null ? null : await this.#compile('fast', reference);
      if (!built?.wasm)
        return `the reference does not compile: ${built ? compileErrors(built.diagnostics) : 'there is none'}`;
      this.#reference = await WebAssembly.compile(built.wasm);
    }
    return null;
  }

  /** What a case of a kind runs on; only after `prepare` has found nothing wrong. */
  modulesFor(kind: TaskSpec['kind']): Pick<CaseRequest, 'module' | 'timed' | 'reference' | 'threads'> {
    const isSafety = kind === 'safety';
    const fast = this.#fast!.module;
    const { memoryPages } = this.#exercise.spec.budgets;
    return {
      module: isSafety ? this.#checked!.module : fast,
      timed: isSafety && !this.isThreaded ? fast : null,
      reference: kind === 'performance' ? this.#reference : null,
      threads: this.isThreaded && !isSafety ? { count: this.#host.threads, memoryPages } : null,
    };
  }

  /** An outcome of a case with checks, with the place where it trapped, if that can be told. */
  async located(found: CaseOutcome): Promise<CaseOutcome> {
    if (found.trapOffset === null || this.#checked === null) return found;
    const site = await this.#host.trapSite(this.#checked.wasm, found.trapOffset);
    return { ...found, message: `${found.message}${sentence(site)}` };
  }

  #compile(mode: CompileOptions['mode'], source: string): Promise<CompileResult> {
    const { spec } = this.#exercise;
    return this.#host.compile({
      threads: this.isThreaded && mode === 'fast',
      source,
      headers: headersOf(this.#exercise),
      exports: exportsOf(spec),
      memoryPages: spec.budgets.memoryPages,
      mode,
      relaxed: spec.relaxed ?? false,
    });
  }
}

/** A module, or what is wrong with it: names exported twice pass the linker. */
async function validBuild({ wasm, diagnostics }: CompileResult): Promise<Built | string> {
  if (wasm === null) return compileErrors(diagnostics);
  try {
    return { wasm, module: await WebAssembly.compile(wasm) };
  } catch (error) {
    return `This module cannot be run: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function sentence({ line, reason }: TrapSite): string {
  return `${line === null ? '' : ` (line ${line})`}${reason === null ? '' : `: ${reason}`}`;
}
