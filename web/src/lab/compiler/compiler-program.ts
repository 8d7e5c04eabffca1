/** What is asked of the compiler where it runs as a program of its own: a page's worker, Node's process. */
import { compile, trapSite, type CompileOptions, type CompileResult, type TrapSite } from './compile.ts';
import type { Toolchain } from './toolchain.ts';

export type CompilerQuestion =
  { kind: 'compile'; options: CompileOptions } | { kind: 'trapSite'; wasm: Uint8Array; offset: number };

export function answerWith(toolchain: Toolchain, question: CompilerQuestion): Promise<CompileResult | TrapSite> {
  return question.kind === 'compile'
    ? compile(toolchain, question.options)
    : trapSite(toolchain, question.wasm, question.offset);
}

/** What a page asks first. */
export interface LoadQuestion {
  kind: 'load';
  url: string;
}

/** The answer to that. */
export interface LoadedCompiler {
  version: string;
  /** It will be there without a network. */
  isKept: boolean;
  /** How long the parts of this start took. */
  seconds: { files: number; start: number; warmUp: number };
}
