/**
 * What grading gives: one JSON contract for the page, the headless command and every format made of it. `version`, `status`, `message` and
 * `tests` are Exercism's test-runner contract, version 3 (https://exercism.org/docs/building/tooling/test-runners/interface); the rest is ours.
 */
import * as v from 'valibot';
import { amount, exactly, kString, kStringOrNull, oneOf } from '../schema.ts';

export const kContractVersion = 3;

const kName = v.pipe(v.string('must be a text'), v.minLength(1, 'must be a text that is not empty'));

export const kMeasurement = v.pipe(
  exactly({
    /** The reference's fastest sample over the kernel's: more is faster. */
    ratio: amount(),
    /** 95 % interval of that ratio, by drawing rounds again. */
    low: amount(),
    high: amount(),
    rounds: v.pipe(
      v.array(v.strictTuple([amount(), amount()], 'must be two numbers'), 'must be a list of pairs'),
      v.description('seconds of one call: [reference, submission]'),
    ),
    /** Calls of one sample. */
    callsPerSample: v.pipe(
      v.number('must be a whole number from 1'),
      v.integer('must be a whole number from 1'),
      v.minValue(1, 'must be a whole number from 1'),
    ),
    clockTick: amount(),
  }),
  v.description("the reference's time over the submission's: median of the rounds and its 95 % interval"),
);

export const kTestResult = exactly({
  name: kString,
  status: oneOf(['pass', 'fail', 'error']),
  /** Why not, more precisely. */
  reason: v.nullable(oneOf(['fail', 'trap', 'timeout', 'error'])),
  message: kStringOrNull,
  output: v.pipe(kStringOrNull, v.description('a drawing of right and wrong elements')),
  task_id: kString,
  seconds: amount(),
  measurement: v.nullable(kMeasurement),
});

export const kTaskResult = exactly({
  id: kString,
  title: kString,
  kind: oneOf(['correctness', 'safety', 'performance']),
  status: oneOf(['pass', 'fail']),
  points: amount(),
  maxPoints: amount(),
  /** How many times as fast as the reference, for a performance task that was measured. */
  ratio: v.nullable(v.pipe(v.number('must be a number or null'), v.finite('must be a number or null'))),
});

export const kGradeResult = exactly({
  version: v.literal(kContractVersion, `must be ${kContractVersion}`),
  status: v.pipe(
    oneOf(['pass', 'fail', 'error']),
    v.description('error: it did not compile or could not be run at all, and message says why'),
  ),
  message: kStringOrNull,
  tests: v.array(kTestResult, 'must be a list'),
  exercise: v.pipe(kString, v.regex(/^[^/]+\/[^/]+$/, 'must be "<lesson>/<id>"')),
  points: amount(),
  maxPoints: amount(),
  tasks: v.pipe(v.array(kTaskResult, 'must be a list'), v.minLength(1, 'must be a list of at least one task')),
  diagnostics: v.pipe(v.array(kString, 'must be a list'), v.description("the compiler's, a line each")),
  seed: v.pipe(kName, v.description('all operands follow from it')),
  compiler: kName,
  seconds: amount(),
});

export type Measurement = v.InferOutput<typeof kMeasurement>;
export type TestResult = v.InferOutput<typeof kTestResult>;
export type TaskResult = v.InferOutput<typeof kTaskResult>;
export type GradeResult = v.InferOutput<typeof kGradeResult>;
