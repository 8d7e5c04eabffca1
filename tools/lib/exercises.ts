// The one reader of the exercises' folders in lessons/: for the grader, the author's check and the site's build.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Exercise, ExerciseSpec } from '#lab/grading/exercise.ts';
import { exerciseProblems } from '#lab/grading/exercise-schema.ts';
import { CommandError, kRoot } from './command.ts';

const kHints = ['Hint 1', 'Hint 2', 'Hint 3'];

function namesOf(paths: string, root: string): string[] {
  return globSync(paths, { cwd: root })
    .map((path) => path.split(sep))
    .map(([, lesson, , id]) => `${lesson}/${id}`)
    .sort();
}

/** "<lesson>/<id>" of every exercise, in order. */
export function exerciseNames(root = kRoot): string[] {
  return namesOf('lessons/*/exercises/*/exercise.json', root);
}

/** The same of every folder where an exercise belongs: those without an exercise.json too. */
export function exerciseFolders(root: string): string[] {
  return namesOf('lessons/*/exercises/*', root);
}

export function exerciseFolder(name: string, root = kRoot): string {
  const [lesson = '', id = ''] = name.split('/');
  return join(root, 'lessons', lesson, 'exercises', id);
}

/** The exercise.json, or what is wrong with it. */
export function readSpec(name: string, root = kRoot): { spec: ExerciseSpec | null; problems: string[] } {
  const path = join(exerciseFolder(name, root), 'exercise.json');
  if (!existsSync(path)) return { spec: null, problems: ['exercise.json is missing'] };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return { spec: null, problems: [`exercise.json: ${(error as Error).message}`] };
  }
  const problems = exerciseProblems(value).map((text) => `exercise.json: ${text}`);
  return { spec: problems.length === 0 ? (value as ExerciseSpec) : null, problems };
}

/** Throws CommandError if there is no such exercise or its description is wrong. */
export function loadExercise(name: string, root = kRoot): Exercise {
  const folder = exerciseFolder(name, root);
  if (!existsSync(join(folder, 'exercise.json')))
    throw new CommandError(`no exercise '${name}' (there are: ${exerciseNames(root).join(', ')})`);
  const { spec, problems } = readSpec(name, root);
  if (spec === null) throw new CommandError(`${folder}: ${problems.join('; ')}`);
  const [lesson = '', id = ''] = name.split('/');
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const reference = existsSync(join(folder, 'reference.cpp')) ? read('reference.cpp') : null;
  return {
    lesson,
    id,
    spec,
    reference,
    headers: Object.fromEntries((spec.headers ?? []).map((file) => [file, read(file)])),
  };
}

/** The texts of a hints.md: sections "## Hint 1" to "## Hint 3", with text under each and nothing else; and what is wrong with it. */
export function readHints(text: string): { hints: string[]; problems: string[] } {
  const [before = '', ...parts] = text.split(/^## /m);
  const problems: string[] = [];
  if (before.trim() !== '') problems.push('hints.md: text before the first "## Hint 1"');
  const sections = parts.map((part) => {
    const end = `${part}\n`.indexOf('\n');
    return { title: part.slice(0, end).trim(), hint: part.slice(end).trim() };
  });
  const titles = sections.map(({ title }) => title);
  if (titles.join() !== kHints.join())
    problems.push(`hints.md has the sections ${titles.join(', ') || '(none)'} instead of ${kHints.join(', ')}`);
  for (const { title, hint } of sections) if (hint === '') problems.push(`hints.md: ${title} is empty`);
  return { hints: sections.map(({ hint }) => hint), problems };
}
