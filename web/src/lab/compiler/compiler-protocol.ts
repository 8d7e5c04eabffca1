/** What a page and its compiler worker say to each other. */
import type { CompileOptions } from './compile.ts';
import type { LoadProgress } from './loader.ts';

export type CompilerRequest =
  | { id: number; kind: 'load'; url: string }
  | { id: number; kind: 'compile'; options: CompileOptions }
  | { id: number; kind: 'trapSite'; wasm: Uint8Array; offset: number };

export type CompilerReply =
  | { id: number; progress: LoadProgress }
  | { id: number; value: unknown }
  /** The compiler itself failed: this worker must not be used again. */
  | { id: number; crash: string };

/** The answer to `load`. */
export interface LoadedCompiler {
  version: string;
  /** It will be there without a network. */
  isKept: boolean;
  /** Of this start. */
  seconds: { files: number; start: number; warmUp: number };
}
