import type { Diagnostic } from '#lab/compiler/diagnostics.ts';
import type { Exercise } from '#lab/grading/exercise.ts';
import type { GradeHost } from '#lab/grading/host.ts';
import { host } from '#kit/compiler-host.ts';
import { compileOptions } from '#kit/guests.ts';
import type { Insight } from './view.ts';

/** What the compiler says of the reader's code: its diagnostics, and once somebody looks what it made of the code. */
export class Compiled {
  diagnostics: Diagnostic[] = [];
  /** `source` is what it speaks of. */
  insight: Insight | null = null;
  looksInside = false;
  readonly #changed: () => void;

  /** `changed` is called when there is something new to show. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Takes the diagnostics of code that was just typed, unless it `isOld` by the time that the compiler answers. */
  async check(exercise: Pick<Exercise, 'spec' | 'headers'>, source: string, isOld: () => boolean): Promise<void> {
    const { diagnostics } = await host.compile(compileOptions(exercise, source, 'syntax'));
    if (isOld()) return;
    this.diagnostics = diagnostics;
    this.#changed();
  }

  /** What the compiler makes of the code; asked for when somebody looks, and again after each run. */
  async look(exercise: Pick<Exercise, 'spec' | 'headers'>, source: string): Promise<void> {
    if (!this.looksInside || host.state.name !== 'ready' || this.insight?.source === source) return;
    const options = { ...compileOptions(exercise, source, 'fast'), remarks: true, assembly: true };
    const { wasm, diagnostics, assembly } = await host.compile(options);
    if (wasm === null) return;
    this.insight = { source, remarks: diagnostics.filter(({ severity }) => severity === 'remark'), assembly };
    this.#changed();
  }

  /** The page's host; what the compiler says of the reader's own code is shown with its ranges, which the result leaves out. */
  listeningHost(source: string): GradeHost {
    const listen = (diagnostics: Diagnostic[]) => {
      this.diagnostics = diagnostics;
      this.#changed();
    };
    return {
      compile: async (options) => {
        const compiled = await host.compile(options);
        if (options.source === source && options.mode === 'fast') listen(compiled.diagnostics);
        return compiled;
      },
      trapSite: (wasm, offset) => host.trapSite(wasm, offset),
      run: (request, budget) => host.run(request, budget),
      threads: host.threads,
      get compiler() {
        return host.compiler;
      },
    };
  }
}
