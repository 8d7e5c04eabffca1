// The exercises as they lie in lessons/.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { exerciseProblems, type Exercise, type ExerciseSpec } from '#lab/grading/exercise.ts';
import { CommandError, kRoot } from '../lib/command.ts';

/** "<lesson>/<id>" of every exercise, in order. */
export function exerciseNames(): string[] {
  return globSync('lessons/*/exercises/*/exercise.json', { cwd: kRoot })
    .map((path) => {
      const [, lesson, , id] = path.split(sep);
      return `${lesson}/${id}`;
    })
    .sort();
}

export function exerciseFolder(name: string): string {
  const [lesson = '', id = ''] = name.split('/');
  return join(kRoot, 'lessons', lesson, 'exercises', id);
}

/** Throws CommandError if there is no such exercise or its description is wrong. */
export function loadExercise(name: string): Exercise {
  const folder = exerciseFolder(name);
  const path = join(folder, 'exercise.json');
  if (!existsSync(path)) throw new CommandError(`no exercise '${name}' (there are: ${exerciseNames().join(', ')})`);
  const spec = JSON.parse(readFileSync(path, 'utf8')) as ExerciseSpec;
  const problems = exerciseProblems(spec);
  if (problems.length > 0) throw new CommandError(`${path}: ${problems.join('; ')}`);
  const [lesson = '', id = ''] = name.split('/');
  const reference = join(folder, 'reference.cpp');
  const headers = Object.fromEntries(
    (spec.headers ?? []).map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  );
  return { lesson, id, spec, reference: existsSync(reference) ? readFileSync(reference, 'utf8') : null, headers };
}
