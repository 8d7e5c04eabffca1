/** What an exercise.json is. Pages get exercises that the build has checked, and only the types from here. */
import * as v from 'valibot';
import { messageOf } from '../errors.ts';
import { exactly, problemsOf } from '../schema.ts';
import { parseDeclaration } from './declaration.ts';
import { kHeaderFile } from './exercise.ts';

const kText = v.pipe(v.string('must be a text'), v.regex(/\S/, 'must be a text'));
const kParam = v.union([v.number(), v.boolean(), v.string(), v.array(v.number())]);

const within = (low: number, high: number) => {
  const message = `must be ${low} to ${high}`;
  return v.pipe(v.number(message), v.minValue(low, message), v.maxValue(high, message));
};
const positive = () => v.pipe(v.number('must be above 0'), v.gtValue(0, 'must be above 0'));
const whole = () => v.pipe(v.number('must be a whole number'), v.integer('must be a whole number'));

const listOf = <S extends v.GenericSchema>(item: S) =>
  v.pipe(v.array(item, 'must be a list'), v.minLength(1, 'must be a list of at least one'));

/** The items differ by what `keyOf` gives. */
const distinct = <T>(keyOf: (item: T) => string) =>
  v.rawCheck<T[]>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const keys = dataset.value.map(keyOf);
    for (const key of new Set(keys.filter((key, i) => keys.indexOf(key) < i)))
      addIssue({ message: `must differ: ${key} is there twice` });
  });

const kDeclaration = v.pipe(
  kText,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      parseDeclaration(dataset.value);
    } catch (error) {
      addIssue({ message: `is wrong: ${messageOf(error)}` });
    }
  }),
);
const nameOf = (declaration: string) => /(\w+)\(/.exec(declaration)?.[1] ?? declaration;

/** A function that a student writes. */
const kFunction = exactly({
  /** One line of C, such as "float sum(const float* x, int n)": see `parseDeclaration`. */
  declaration: kDeclaration,
  /** One or more lines: shapes, units, what holds for the arguments. */
  doc: listOf(kText),
});

/** A whole number that each grading draws anew, from the seed: so that nobody writes for the shapes that are listed. */
const kDrawn = v.pipe(
  exactly({ from: whole(), to: whole() }),
  v.check(({ from, to }) => from <= to, 'must not end below its beginning'),
);
const kParamSpecs = v.record(
  v.string(),
  v.union([kParam, kDrawn], 'must be a value or { "from": whole number, "to": one not below }'),
  'must be an object',
);

const kCases = v.pipe(
  listOf(exactly({ name: kText, params: kParamSpecs })),
  distinct(({ name }) => name),
);

const kTaskBase = {
  id: v.pipe(kText, v.regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and -')),
  /** What a student reads; says what is asked. */
  title: kText,
  points: positive(),
};

/** The right values, for each case. All cases or no points. */
const kCorrectness = exactly({
  ...kTaskBase,
  kind: v.literal('correctness'),
  cases: kCases,
  /** Why the starter already passes it, where it does. */
  starter: v.optional(kText),
});

/** The same without undefined behaviour and without touching what isn't the kernel's. Needs the right values first. */
const kSafety = exactly({ ...kTaskBase, kind: v.literal('safety'), cases: kCases });

/** Time against `reference.cpp` compiled alike. Needs the right values first. Points of a level are those of all below it and its own. */
const kPerformance = v.pipe(
  exactly({
    ...kTaskBase,
    kind: v.literal('performance'),
    timing: kParamSpecs,
    levels: v.pipe(
      listOf(exactly({ ratio: positive(), points: positive() })),
      v.check((levels) => levels.every(({ ratio }, i) => ratio > (levels[i - 1]?.ratio ?? 0)), 'must ascend'),
    ),
  }),
  v.check(
    ({ levels, points }) => levels.reduce((sum, level) => sum + level.points, 0) === points,
    'must have as many points as its levels add up to',
  ),
);

const kTask = v.variant('kind', [kCorrectness, kSafety, kPerformance], 'must be correctness, safety, performance');

export const kExercise = exactly({
  $schema: v.optional(kText),
  title: kText,
  /** What somebody can do who has solved it. */
  objectives: listOf(kText),
  functions: v.pipe(
    listOf(kFunction),
    distinct(({ declaration }) => nameOf(declaration)),
  ),
  /** Relaxed SIMD is allowed. */
  relaxed: v.optional(v.boolean('must be true or false')),
  /** Several workers run it at once on shared memory. */
  threads: v.optional(v.boolean('must be true or false')),
  /** More headers of the folder that sources may include, such as kernels to choose from. */
  headers: v.optional(
    listOf(
      v.pipe(
        kText,
        v.regex(/^[a-z][a-z0-9_]*\.h$/, 'must be a file of the folder, such as kernels.h'),
        v.notValue(kHeaderFile, 'is made from the functions'),
      ),
    ),
  ),
  budgets: exactly({
    /** Seconds for one case; a case that takes longer fails, the others still run. */
    caseSeconds: within(0.1, 60),
    /** Seconds for a performance task. */
    timingSeconds: within(0.1, 60),
    /** The most memory, in pages of 64 KiB. */
    memoryPages: v.pipe(within(2, 1024), v.integer('must be a whole number')),
  }),
  tasks: v.pipe(
    listOf(kTask),
    distinct(({ id }) => id),
    v.check(([first]) => first?.kind === 'correctness', 'must begin with a correctness task'),
  ),
});

export type Param = v.InferOutput<typeof kParam>;
export type Drawn = v.InferOutput<typeof kDrawn>;
export type ParamSpecs = v.InferOutput<typeof kParamSpecs>;
export type PerformanceTask = v.InferOutput<typeof kPerformance>;
export type TaskSpec = v.InferOutput<typeof kTask>;
export type ExerciseSpec = v.InferOutput<typeof kExercise>;

/** What is wrong with an exercise.json, in sentences; empty if nothing. */
export function exerciseProblems(value: unknown): string[] {
  return problemsOf(kExercise, value);
}
