/**
 * What grading gives: one JSON contract for the page, the headless command and every format made of it. `version`, `status`, `message` and
 * `tests` are Exercism's test-runner contract, version 3 (https://exercism.org/docs/building/tooling/test-runners/interface); the rest is ours.
 */
import type { Measurement } from './measure.ts';

export const kContractVersion = 3;

export interface TestResult {
  name: string;
  status: 'pass' | 'fail' | 'error';
  /** Why not, more precisely. */
  reason: 'fail' | 'trap' | 'timeout' | 'error' | null;
  message: string | null;
  /** A drawing of right and wrong elements. */
  output: string | null;
  task_id: string;
  seconds: number;
  measurement: Measurement | null;
}

export interface TaskResult {
  id: string;
  title: string;
  kind: 'correctness' | 'safety' | 'performance';
  status: 'pass' | 'fail';
  points: number;
  maxPoints: number;
  /** Of a performance task that was measured. */
  ratio: number | null;
}

export interface GradeResult {
  version: typeof kContractVersion;
  /** `error`: it did not compile or could not be run at all; `message` says why. */
  status: 'pass' | 'fail' | 'error';
  message: string | null;
  tests: TestResult[];
  /** "<lesson>/<id>". */
  exercise: string;
  points: number;
  maxPoints: number;
  tasks: TaskResult[];
  /** Warnings and errors of the compiler, a line each. */
  diagnostics: string[];
  seed: string;
  compiler: string;
  seconds: number;
}
