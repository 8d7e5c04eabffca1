// What can be seen of an exercise without compiling: its files, its hints, and whether its lesson uses it.
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { kHeaderFile, type ExerciseSpec } from '#lab/grading/exercise.ts';
import { exerciseFolder, exerciseFolders, readHints } from '../lib/exercises.ts';

const kNeeded = ['exercise.json', 'starter.cpp', 'solution.cpp', 'hints.md', 'grade.ts'];
const kReference = 'reference.cpp';

/** What is wrong with the files of a folder. */
export function fileProblems(root: string, name: string, spec: ExerciseSpec): string[] {
  const folder = exerciseFolder(name, root);
  const isTimed = spec.tasks.some(({ kind }) => kind === 'performance');
  const needed = [...kNeeded, ...(isTimed ? [kReference] : []), ...(spec.headers ?? [])];
  const there = readdirSync(folder);
  const problems = needed.filter((file) => !there.includes(file)).map((file) => `${file} is missing`);
  for (const file of there) {
    if (needed.includes(file)) continue;
    problems.push(
      file === kReference
        ? `${file} is there, but no task measures performance`
        : `${file} does not belong here (allowed: ${needed.join(', ')}; more headers by 'headers' in exercise.json)`,
    );
  }
  for (const file of ['starter.cpp', 'solution.cpp', kReference]) {
    if (!there.includes(file)) continue;
    if (!readFileSync(join(folder, file), 'utf8').includes(`#include "${kHeaderFile}"`))
      problems.push(`${file} does not include "${kHeaderFile}": only that holds its functions to the ABI`);
  }
  if (there.includes('hints.md')) problems.push(...readHints(readFileSync(join(folder, 'hints.md'), 'utf8')).problems);
  return problems;
}

/** What is wrong between exercises and lessons, by exercise; under the lesson's name what no exercise can be blamed for. */
export function useProblems(root: string): Map<string, string[]> {
  const names = exerciseFolders(root);
  const found = new Map<string, string[]>();
  const wrong = (name: string, text: string) => found.set(name, [...(found.get(name) ?? []), text]);

  for (const name of names) {
    const id = name.split('/')[1] ?? '';
    const others = names.filter((other) => other !== name && other.endsWith(`/${id}`));
    if (others.length > 0)
      wrong(name, `the id ${id} is also that of ${others.join(', ')}: ids are unique over all lessons`);
  }

  const uses = new Map<string, string[]>();
  for (const path of globSync('lessons/*/*.md', { cwd: root }).sort()) {
    const lesson = path.split(sep)[1] ?? '';
    const text = readFileSync(join(root, path), 'utf8');
    for (const [tag, attributes = ''] of text.matchAll(/<code-exercise\b([^>]*)>/g)) {
      const name = /\bexercise="([^"]*)"/.exec(attributes)?.[1] ?? '';
      if (!names.includes(name)) wrong(lesson, `${tag} names no exercise (there are: ${names.join(', ')})`);
      else uses.set(name, [...(uses.get(name) ?? []), lesson]);
    }
  }
  for (const name of names) {
    const lessons = uses.get(name) ?? [];
    const own = name.split('/')[0] ?? '';
    if (lessons.join() !== own)
      wrong(
        name,
        `lessons/${own}/index.md should show it once; it is shown ${lessons.length ? `in ${lessons.join(', ')}` : 'nowhere'}`,
      );
  }
  return found;
}
