// Makes a class's folder to try the grader on: solutions with harmless edits, untouched starters, and everything that goes wrong. The same
// arguments give the same files.
//
//   tools/run node tools/grade/make-class.ts --students 1000 --out DIR [--exercise LESSON/ID]… [--seed S]
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { kCTypes, type Declaration } from '#lab/grading/declaration.ts';
import { declarationsOf, type ExerciseSpec } from '#lab/grading/exercise.ts';
import { Random } from '#lab/grading/random.ts';
import { exerciseFolder, exerciseNames, loadExercise } from '../lib/exercises.ts';

export const kKinds = [
  'solution',
  'starter',
  'compile-error',
  'wrong',
  'out-of-bounds',
  'endless',
  'import',
  'empty',
  'garbage',
  'missing',
] as const;
export type Kind = (typeof kKinds)[number];

/** In a hundred. A guess at a class near its deadline, with more hostility than one has. */
const kShares: Record<Kind, number> = {
  solution: 55,
  starter: 10,
  'compile-error': 10,
  wrong: 9,
  'out-of-bounds': 5,
  endless: 3,
  import: 2,
  empty: 2,
  garbage: 1,
  missing: 3,
};

/** Statements put at the start of the function's body; the rest stays as it is. */
function inserted(source: string, { name }: Declaration, statements: string): string {
  const body = new RegExp(`\\b${name}\\s*\\([^)]*\\)\\s*\\{`);
  if (!body.test(source)) throw new Error(`no definition of ${name} found`);
  return source.replace(body, (start) => `${start}\n  ${statements}`);
}

/** A write to four bytes before a buffer, or far outside of memory where there is no buffer. */
function overstep({ parameters }: Declaration): string {
  const buffer = parameters.find(({ type }) => kCTypes[type] !== null);
  const address = buffer === undefined ? '0xfffffff0u' : `(unsigned long)${buffer.name} - 4`;
  return `*(volatile unsigned char*)(${address}) = 1;`;
}

/** What a student of this kind hands in; null: nothing. `random` makes each a different text. */
export function submissionOf(
  kind: Kind,
  spec: ExerciseSpec,
  texts: { starter: string; solution: string },
  random: Random,
): string | Uint8Array | null {
  const [entry] = declarationsOf(spec);
  if (entry === undefined) throw new Error('an exercise without functions');
  const { solution, starter } = texts;
  const signed = (text: string) =>
    `// Handed in by ${random.bits().toString(36)}, attempt ${random.integer(1, 20)}.\n${text}`;
  switch (kind) {
    case 'solution':
      return `${signed(solution)}\nstatic const int kUnused${random.integer(0, 1e6)} [[maybe_unused]] = ${random.integer(0, 9)};\n`;
    case 'starter':
      // Half of them as they were, to the byte.
      return random.integer(0, 1) === 0 ? starter : signed(starter);
    case 'compile-error':
      return signed(inserted(solution, entry, `int x = ${random.integer(1, 9)}`));
    case 'wrong':
      return signed(
        inserted(solution, entry, entry.returns === 'void' ? 'return;' : `return ${random.integer(100, 999)};`),
      );
    case 'out-of-bounds':
      return signed(inserted(solution, entry, overstep(entry)));
    case 'endless':
      return signed(inserted(solution, entry, 'for (volatile int i = 0;;) i = i + 1;'));
    case 'import':
      return signed(
        inserted(solution, entry, 'steal();').replace(
          /^(#include.*\n)/m,
          '$1extern "C" __attribute__((import_module("env"), import_name("steal"))) void steal();\n',
        ),
      );
    case 'empty':
      return '';
    case 'garbage':
      return Uint8Array.from({ length: random.integer(100, 5000) }, () => random.integer(0, 255));
    case 'missing':
      return null;
  }
}

function drawKind(random: Random): Kind {
  const sum = kKinds.reduce((total, kind) => total + kShares[kind], 0);
  let left = random.real(0, sum);
  for (const kind of kKinds) {
    left -= kShares[kind];
    if (left < 0) return kind;
  }
  return 'solution';
}

/** Writes OUT/student-0001/LESSON/ID.cpp …, and says of which kind each file is, by its path below OUT. */
export function makeClass(
  out: string,
  students: number,
  exercises: readonly string[],
  seed: string,
): Map<string, Kind> {
  const made = new Map<string, Kind>();
  const loaded = exercises.map((name) => {
    const folder = exerciseFolder(name);
    const [starter, solution] = ['starter.cpp', 'solution.cpp'].map((file) => readFileSync(join(folder, file), 'utf8'));
    return { name, spec: loadExercise(name).spec, texts: { starter: starter ?? '', solution: solution ?? '' } };
  });
  for (let i = 1; i <= students; ++i) {
    const student = `student-${String(i).padStart(4, '0')}`;
    mkdirSync(join(out, student), { recursive: true });
    for (const { name, spec, texts } of loaded) {
      const random = new Random(`${seed}/${student}/${name}`);
      const kind = drawKind(random);
      const content = submissionOf(kind, spec, texts, random);
      const path = join(student, `${name}.cpp`);
      made.set(path, kind);
      if (content === null) continue;
      mkdirSync(dirname(join(out, path)), { recursive: true });
      writeFileSync(join(out, path), content);
    }
  }
  return made;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      students: { type: 'string', default: '100' },
      out: { type: 'string' },
      exercise: { type: 'string', multiple: true },
      seed: { type: 'string', default: 'class' },
    },
  });
  const students = Number(values.students);
  if (!Number.isInteger(students) || students < 1) throw new Error(`--students '${values.students}' is no count`);
  if (values.out === undefined) throw new Error('--out DIR is needed');
  if (existsSync(values.out) && readdirSync(values.out).length > 0)
    throw new Error(`--out '${values.out}' is not empty`);
  const made = makeClass(values.out, students, values.exercise ?? exerciseNames(), values.seed);
  const counts = kKinds.map((kind) => `${[...made.values()].filter((one) => one === kind).length} ${kind}`);
  console.log(`${students} students: ${counts.join(', ')}`);
}

if (process.argv[1] === import.meta.filename) {
  try {
    main();
  } catch (error) {
    console.error(`make-class: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
