// Makes a new lesson, experiment or exercise from templates/, each of which works as it is and says TODO where an author goes on.
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { kCourse } from '../../web/src/course.ts';
import { CommandError } from '../lib/command.ts';

const kTemplates = join(import.meta.dirname, 'templates');
export const kKinds = ['lesson', 'experiment', 'exercise'] as const;
export type Kind = (typeof kKinds)[number];

/** What was made, and what is left for the author. */
export interface Made {
  folder: string;
  files: string[];
  next: string;
}

/** Throws CommandError, and leaves nothing behind, if the name is taken or isn't one. `root`: the repository. */
export function create(kind: Kind, name: string, root: string): Made {
  return kind === 'lesson' ? createLesson(name, root) : createPart(kind, name, root);
}

function createLesson(name: string, root: string): Made {
  const lesson = kCourse.find(({ id }) => id === name);
  if (lesson === undefined)
    throw new CommandError(`'${name}' is no lesson of the course (web/src/course.ts has: ${idsOf(kCourse)})`);
  const files = fill('lesson', join('lessons', name), root, [['My lesson', lesson.title]]);
  return { ...files, next: `npm run lessons -- new experiment ${name}/TAG` };
}

function createPart(kind: 'experiment' | 'exercise', name: string, root: string): Made {
  const [lesson = '', id = '', ...more] = name.split('/');
  const lessons = readdirSync(join(root, 'lessons')).filter((entry) =>
    existsSync(join(root, 'lessons', entry, 'index.md')),
  );
  if (more.length > 0 || id === '')
    throw new CommandError(`'${name}' must be <lesson>/<${kind === 'experiment' ? 'tag' : 'id'}>`);
  if (!lessons.includes(lesson))
    throw new CommandError(`there is no lesson '${lesson}' (there are: ${lessons.join(', ')})`);
  const words = kind === 'experiment' ? /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/ : /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
  if (!words.test(id))
    throw new CommandError(
      kind === 'experiment'
        ? `'${id}' is no tag: lower-case words with a hyphen between them, as custom elements have (kernel-race)`
        : `'${id}' is no id: lower-case words with hyphens between them (timer-statistics)`,
    );
  const taken = globSync(
    kind === 'experiment' ? `{lessons/*/experiments,web/src/elements}/${id}` : `lessons/*/exercises/${id}`,
    { cwd: root },
  );
  if (taken.length > 0) throw new CommandError(`the name '${id}' is taken by ${taken.join(', ')}`);
  if (kind === 'exercise') {
    const made = fill(kind, join('lessons', lesson, 'exercises', id), root, []);
    return { ...made, next: `<code-exercise exercise="${name}"></code-exercise>` };
  }
  const pascal = id.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
  const made = fill(kind, join('lessons', lesson, 'experiments', id), root, [
    ['00-lesson', lesson],
    ['my-experiment', id],
    ['MyExperiment', pascal],
  ]);
  return { ...made, next: `<${id}></${id}>` };
}

/** Copies a template, its words replaced. The folder appears whole or not at all. */
function fill(
  kind: Kind,
  folder: string,
  root: string,
  words: readonly (readonly [string, string])[],
): Omit<Made, 'next'> {
  const place = join(root, folder);
  if (existsSync(place)) throw new CommandError(`${folder} is there already`);
  mkdirSync(dirname(place), { recursive: true });
  const draft = mkdtempSync(`${place}.`);
  try {
    cpSync(join(kTemplates, kind), draft, { recursive: true });
    const files = readdirSync(draft).sort();
    for (const file of files) {
      const text = readFileSync(join(draft, file), 'utf8');
      writeFileSync(
        join(draft, file),
        words.reduce((all, [from, to]) => all.replaceAll(from, to), text),
      );
    }
    renameSync(draft, place);
    return { folder, files };
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

const idsOf = (lessons: readonly { id: string }[]): string => lessons.map(({ id }) => id).join(', ');
