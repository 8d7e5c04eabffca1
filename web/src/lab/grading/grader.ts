/** What `grade.ts` of an exercise says: how its cases are made and judged. Runs in the worker that runs the kernel. */
import type { Params } from './exercise.ts';
import type { Elements, Kernel } from './kernel.ts';
import type { Random } from './random.ts';

/** One call to be timed. */
export interface TimedCall {
  /** The call and nothing else, by Kernel.callUnchecked. */
  call(): void;
  /** What it wrote. */
  outputs(): Elements[];
  /** Throws a Mismatch if outputs differ by more than rounding from what the reference made of the same inputs. */
  compare(outputs: Elements[], reference: Elements[]): void;
}

export interface Grader<P = Params> {
  /** Makes a case's operands from `random`, calls the kernel, and compares: throws what expect.ts throws. */
  run(kernel: Kernel, params: P, random: Random): void;
  /** Prepares one call for a performance task, in buffers of its own. */
  timing?(kernel: Kernel, params: P, random: Random): TimedCall;
}

/** For the types' sake: `export default defineGrader({ … })`. */
export function defineGrader<P extends Params>(grader: Grader<P>): Grader {
  return grader as unknown as Grader;
}
