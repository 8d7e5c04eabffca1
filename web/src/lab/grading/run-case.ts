/** One case of one task, run to its verdict in the worker that may be ended at any moment. */
import type { Params } from './exercise.ts';
import type { Grader } from './grader.ts';
import { describe, Kernel } from './kernel.ts';
import { measure } from './measure.ts';
import { Random } from './random.ts';
import type { Measurement } from './result.ts';
import { Team, type TeamPort } from './team.ts';
import { KernelTrap, Mismatch, Violation } from './verdict.ts';

export interface CaseRequest {
  /** "<lesson>/<id>": which grade.ts. */
  exercise: string;
  kind: 'correctness' | 'safety' | 'performance';
  params: Params;
  /** The case's own: operands follow from it. */
  seed: string;
  /** Compiled for speed, or (safety) with checks. */
  module: WebAssembly.Module;
  /** Safety: what is timed, which must keep to its buffers as well: a source can tell how it is compiled. Null: not run. */
  timed: WebAssembly.Module | null;
  reference: WebAssembly.Module | null;
  /** Seconds for a measurement. */
  seconds: number;
  /** Threads that run it at once, on shared memory of so many pages; null: one, on memory of its own. */
  threads: { count: number; memoryPages: number } | null;
}

export type CaseStatus = 'pass' | 'fail' | 'trap' | 'timeout' | 'error';

export interface CaseOutcome {
  status: CaseStatus;
  /** Empty if passed. */
  message: string;
  picture: string[];
  /** Byte of the module where it trapped, if the engine tells. */
  trapOffset: number | null;
  measurement: Measurement | null;
  /** Seconds of the whole case; making and comparing the operands counts. */
  seconds: number;
}

export function outcome(status: CaseStatus, message = '', more: Partial<CaseOutcome> = {}): CaseOutcome {
  return { status, message, picture: [], trapOffset: null, measurement: null, seconds: 0, ...more };
}

/** `startThread` starts a further thread, for kernels that several run at once. */
export async function runCase(request: CaseRequest, grader: Grader, startThread: () => TeamPort): Promise<CaseOutcome> {
  const start = performance.now();
  const { threads } = request;
  const team = threads && { team: new Team(threads.count, startThread), memoryPages: threads.memoryPages };
  const result = await judged(async () => {
    switch (request.kind) {
      case 'correctness': {
        const kernel = await Kernel.create({ module: request.module, team });
        await team?.team.serve();
        return void grader.run(kernel, request.params, new Random(request.seed));
      }
      case 'safety':
        return runChecked(request, grader);
      case 'performance': {
        if (request.reference === null) throw new Error('a performance task needs reference.cpp');
        const { module: kernel, reference, params, seed, seconds } = request;
        return measure({ reference, kernel, grader, params, seed, seconds, team });
      }
    }
  });
  team?.team.terminate();
  return { ...result, seconds: (performance.now() - start) / 1000 };
}

async function judged(action: () => Promise<Measurement | void>): Promise<CaseOutcome> {
  try {
    return outcome('pass', '', { measurement: (await action()) ?? null });
  } catch (error) {
    if (error instanceof Mismatch) return outcome('fail', error.message, { picture: error.picture });
    if (error instanceof Violation) return outcome('fail', error.message);
    if (error instanceof KernelTrap) return outcome('trap', error.message, { trapOffset: error.offset });
    return outcome('error', error instanceof Error ? error.message : String(error));
  }
}

/**
 * The case with a module whose undefined behaviour traps; then once for each buffer with that buffer at the very end of memory, where a step
 * too far traps; then with other values around the buffers, on which nothing may depend.
 */
async function runChecked(request: CaseRequest, grader: Grader): Promise<void> {
  await keepsToBuffers(request, request.module, grader);
  if (request.timed === null) return;
  try {
    await keepsToBuffers(request, request.timed, grader);
  } catch (error) {
    // Its addresses are not those of the module with checks, the only one whose lines are known.
    if (error instanceof KernelTrap) throw new KernelTrap(error.message, null);
    throw error;
  }
}

async function keepsToBuffers(
  { params, seed }: CaseRequest,
  module: WebAssembly.Module,
  grader: Grader,
): Promise<void> {
  const run = async (flush: number | null, poison: 0 | 1): Promise<Kernel> => {
    const kernel = await Kernel.create({ module, flush, poison, watch: flush === null });
    grader.run(kernel, params, new Random(seed));
    if (flush === null) kernel.checkGaps();
    return kernel;
  };
  const plain = await run(null, 0);
  for (const [index, buffer] of plain.buffers.entries()) {
    try {
      await run(index, 0);
    } catch (error) {
      if (error instanceof KernelTrap) {
        throw new KernelTrap(`It reads or writes past the end of ${describe(buffer)}`, error.offset);
      }
      throw error;
    }
  }
  const other = await run(null, 1);
  for (const [index, buffer] of plain.buffers.entries()) {
    const again = other.buffers[index];
    if (buffer.role === 'input' || again === undefined) continue;
    const [a, b] = [plain.read(buffer), other.read(again)];
    if (!a.every((value, i) => Object.is(value, b[i]))) {
      throw new Violation(
        `What it writes into ${describe(buffer)} depends on memory around the buffers: it reads outside of them`,
      );
    }
  }
}
