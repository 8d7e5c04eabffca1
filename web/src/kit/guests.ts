import type { CompileOptions } from '#lab/compiler/compile.ts';
import { declarationsOf, exportsOf, headersOf, type Exercise } from '#lab/grading/exercise.ts';
import type { GradeResult } from '#lab/grading/result.ts';
import { slotsFor, type GuestSlot } from '#lab/guest-slots.ts';
import type { Guest } from '#lab/plug.ts';
import { host } from './compiler-host.ts';
import { session } from './context.ts';

/** What compiling needs of an exercise. */
type Interface = Pick<Exercise, 'spec' | 'headers'>;

/** How a reader's code is compiled, to be looked at and not yet to be graded. */
export function compileOptions(exercise: Interface, source: string, mode: CompileOptions['mode']): CompileOptions {
  const { spec } = exercise;
  return {
    source,
    headers: headersOf(exercise),
    exports: exportsOf(spec),
    memoryPages: spec.budgets.memoryPages,
    mode,
    relaxed: spec.relaxed ?? false,
  };
}

/** Code whose results are right and that keeps to its memory joins the page's experiments, fast or not. */
export function offerGuests(exercise: Interface, source: string, result: GradeResult): void {
  const { spec } = exercise;
  const isSound = result.tasks.every(({ kind, status }) => kind === 'performance' || status === 'pass');
  if (!isSound || result.tasks.length === 0) return;
  const guest = (slot: GuestSlot): Guest => ({
    compile: async (base) => {
      const options = { ...compileOptions(exercise, source, 'fast'), exports: [slot], base };
      const { wasm, diagnostics } = await host.compile(options);
      if (wasm === null)
        throw new Error(diagnostics[0]?.message ?? 'your kernel could not be compiled for the library');
      return wasm;
    },
  });
  for (const slot of slotsFor(declarationsOf(spec))) session.offer(slot, guest(slot));
}
