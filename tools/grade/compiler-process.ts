// A process that compiles what its parent sends, and nothing else. Of its own, so that it can be ended at any moment and so that V8's flags
// (--liftoff-only: LLVM starts in 1.5 s instead of 4) don't touch the processes that time kernels.
import process from 'node:process';
import { answerWith, type CompilerQuestion } from '#lab/compiler/compiler-program.ts';
import { serve } from '#lab/grading/killable.ts';
import { loadToolchain } from '../lib/toolchain.ts';

const loading = loadToolchain();
loading.catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
process.on(
  'message',
  serve<CompilerQuestion>(
    (said) => process.send?.(said),
    async (question, begin) => {
      const toolchain = await loading;
      begin();
      return answerWith(toolchain, question);
    },
    String,
  ),
);
process.on('disconnect', () => process.exit());
