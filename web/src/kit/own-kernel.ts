import type { CompileOptions } from '#lab/compiler/compile.ts';
import { declarationsOf, exportsOf, headersOf, type Exercise, type ExerciseSpec } from '#lab/grading/exercise.ts';
import type { GradeResult } from '#lab/grading/result.ts';
import { kDecoderSteps, kGuestFunction, type DecoderStep } from '#lab/guest.ts';
import { host } from './compiler-host.ts';
import type { OwnKernel } from '#lab/session.ts';
import { session } from './context.ts';

/** What the library calls, as "returns(parameters)". */
const kGuestSignature = 'void(const float*,const float*,float*,int,int,int)';
const kStepSignatures: Record<DecoderStep, string> = {
  attend: 'void(const float*,const float*,const float*,float*,float*,int,int,int,int,int)',
  kv_append: 'int(float*,float*,int*,const float*,const float*,int,int,int)',
  slot_of: 'int(int,int,int)',
};

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

/** Whether the exercise has a function that can stand in for one of the library's. */
function has(spec: ExerciseSpec, name: string, signature: string): boolean {
  const own = declarationsOf(spec).find((entry) => entry.name === name);
  return own !== undefined && `${own.returns}(${own.parameters.map(({ type }) => type).join(',')})` === signature;
}

/** Code whose results are right and that keeps to its memory joins the page's experiments, fast or not. */
export function offerKernel(exercise: Interface, source: string, result: GradeResult): void {
  const { spec } = exercise;
  const isSound = result.tasks.every(({ kind, status }) => kind === 'performance' || status === 'pass');
  if (!isSound || result.tasks.length === 0) return;
  const linked = (name: string): OwnKernel => ({
    title: spec.title,
    compile: async (base) => {
      const options = { ...compileOptions(exercise, source, 'fast'), exports: [name], base };
      const { wasm, diagnostics } = await host.compile(options);
      if (wasm === null)
        throw new Error(diagnostics[0]?.message ?? 'your kernel could not be compiled for the library');
      return wasm;
    },
  });
  if (has(spec, kGuestFunction, kGuestSignature)) session.own = linked(kGuestFunction);
  for (const step of kDecoderSteps) if (has(spec, step, kStepSignatures[step])) session.offerStep(step, linked(step));
}
