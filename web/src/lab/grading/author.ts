/** What the authors of exercises import: a `grade.ts` makes operands, calls the kernel and says what is wrong. */
export { expectClose, expectEqual, kEpsilon } from './expect.ts';
export { expectExplained, kDoubleMargin, type Fault } from './faults.ts';
export { defineGrader, type Grader } from './grader.ts';
export type { Buffer, Elements, Kernel } from './kernel.ts';
export type { Random } from './random.ts';
export { Mismatch } from './verdict.ts';
