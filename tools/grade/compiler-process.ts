// A process that compiles what its parent sends, and nothing else. Of its own, so that it can be ended at any moment and so that V8's flags
// (--liftoff-only: LLVM starts in 1.5 s instead of 4) don't touch the processes that time kernels.
import process from 'node:process';
import { compile, trapSite, type CompileOptions } from '#lab/compiler/compile.ts';
import { loadToolchain } from '../lib/toolchain.ts';

export type CompilerRequest =
  | { id: number; kind: 'compile'; options: CompileOptions }
  | { id: number; kind: 'trapSite'; wasm: Uint8Array; offset: number };

export interface CompilerReply {
  id: number;
  value: unknown;
  /** Set if the compiler itself broke. */
  crash: string | null;
}

const toolchain = await loadToolchain();
process.on('message', (request: CompilerRequest) => {
  const work =
    request.kind === 'compile'
      ? compile(toolchain, request.options)
      : trapSite(toolchain, request.wasm, request.offset);
  work.then(
    (value) => process.send?.({ id: request.id, value, crash: null } satisfies CompilerReply),
    (error: unknown) => process.send?.({ id: request.id, value: null, crash: String(error) } satisfies CompilerReply),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ id: -1, value: toolchain.version, crash: null } satisfies CompilerReply);
