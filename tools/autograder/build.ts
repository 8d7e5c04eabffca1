// Packs an autograder for Gradescope: the grader, some exercises without their solutions, and the compiler. What runs it is in setup.sh and
// run_autograder.
import { randomBytes } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { zipSync, type Zippable } from 'fflate';
import { exerciseNames, loadExercise } from '../lib/exercises.ts';
import { kRoot } from '../lib/command.ts';
import { vendorToolchain } from '../lib/toolchain.ts';

/** What tools/grade.ts imports, and nothing that a student shouldn't have: archives leak. */
const kCode = [
  'tools/grade.ts',
  'tools/grade/*.ts',
  'tools/lib/{command,exercises,recent,toolchain}.ts',
  'web/src/lab/{errors,schema}.ts',
  'web/src/lab/grading/*.ts',
  'web/src/lab/compiler/*.ts',
  'lessons/*/*.ts',
];
const kOfExercise = ['exercise.json', 'reference.cpp', '*.{h,ts}'];
/** Packages that these files import. */
const kPackages = ['fflate', 'nanotar', 'valibot'];

type Add = (path: string, data: Uint8Array, isProgram?: boolean) => void;

function addCode(add: Add, exercises: readonly string[]): void {
  const patterns = [
    ...kCode,
    ...exercises.flatMap((name) => {
      const [lesson = '', id = ''] = name.split('/');
      return kOfExercise.map((file) => `lessons/${lesson}/exercises/${id}/${file}`);
    }),
  ];
  const files = globSync(patterns, { cwd: kRoot }).filter((file) => !/\.test\.ts$|make-class/.test(file));
  for (const file of new Set(files)) add(file, readFileSync(join(kRoot, file)));
  const { imports } = JSON.parse(readFileSync(join(kRoot, 'package.json'), 'utf8')) as { imports: unknown };
  add('package.json', Buffer.from(`${JSON.stringify({ type: 'module', imports })}\n`));
}

/** A package and what it depends on, without maps, types and tests. */
function addPackage(add: Add, name: string, from: string, done: Set<string>): void {
  if (done.has(name)) return;
  done.add(name);
  const require = createRequire(join(from, 'package.json'));
  const folder = packageFolder(require, name);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  const files = globSync('**/*.{js,cjs,mjs,json}', {
    cwd: folder,
    exclude: (path) => basename(path) === 'node_modules',
  });
  for (const file of files) add(`node_modules/${name}/${file}`, readFileSync(join(folder, file)));
  for (const license of globSync('LICENSE*', { cwd: folder }))
    add(`node_modules/${name}/${license}`, readFileSync(join(folder, license)));
  for (const dependency of Object.keys(manifest.dependencies ?? {})) addPackage(add, dependency, folder, done);
}

function packageFolder(require: NodeJS.Require, name: string): string {
  for (let folder = dirname(require.resolve(name)); ; folder = dirname(folder))
    if (folder.endsWith(join('node_modules', name))) return folder;
}

export interface AutograderOptions {
  exercises: readonly string[];
  seed: string;
  skipPerformance: boolean;
}

/** The archive's bytes. */
export function autograder({ exercises, seed, skipPerformance }: AutograderOptions): Uint8Array {
  const files: Zippable = {};
  const add: Add = (path, data, isProgram = false) => {
    // Unix permissions, in the upper half of the attributes; 3 is Unix.
    files[path] = [data, { os: 3, attrs: (isProgram ? 0o100755 : 0o100644) << 16, mtime: '2000-01-01' }];
  };
  for (const name of ['setup.sh', 'run_autograder']) add(name, readFileSync(join(import.meta.dirname, name)), true);
  const lines = exercises.flatMap((name) => ['--exercise', name]);
  lines.push('--seed', seed, ...(skipPerformance ? ['--skip-performance'] : []));
  add('arguments', Buffer.from(lines.map((line) => `${line}\n`).join('')));
  addCode(add, exercises);
  const done = new Set<string>();
  for (const name of kPackages) addPackage(add, name, kRoot, done);
  const { version, folder } = vendorToolchain();
  for (const file of globSync('*', { cwd: folder }))
    add(`toolchain/${version}/${file}`, readFileSync(join(folder, file)));
  return zipSync(files, { level: 9 });
}

function main(): void {
  const { values } = parseArgs({
    options: {
      exercise: { type: 'string', multiple: true },
      seed: { type: 'string' },
      'skip-performance': { type: 'boolean', default: false },
      out: { type: 'string', default: 'autograder.zip' },
    },
  });
  const asked = values.exercise ?? [];
  if (asked.length === 0) throw new Error(`--exercise is needed (there are: ${exerciseNames().join(', ')})`);
  for (const name of asked) loadExercise(name);
  const seed = values.seed ?? randomBytes(12).toString('hex');
  const bytes = autograder({ exercises: asked, seed, skipPerformance: values['skip-performance'] });
  const out = resolve(process.env['INIT_CWD'] ?? process.cwd(), values.out);
  writeFileSync(out, bytes);
  console.log(`${out}: ${(bytes.length / 1e6).toFixed(1)} MB, ${asked.join(', ')}, seed ${seed}`);
}

if (process.argv[1] === import.meta.filename) {
  try {
    main();
  } catch (error) {
    console.error(`autograder: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
