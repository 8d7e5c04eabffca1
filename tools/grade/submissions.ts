// Who handed in what: finds students and exercises in files, folders and zips. Nothing is dropped in silence.
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, sep } from 'node:path';
import { UsageError } from './options.ts';
import { childFolders, fileEntry, folderEntries, zipEntries, type Entry } from './tree.ts';

export interface Submission {
  student: string;
  /** "<lesson>/<id>" */
  exercise: string;
  /** As found, from the input on. */
  file: string;
  bytes: Uint8Array;
}

export interface Found {
  /** With those who handed in nothing. */
  students: string[];
  submissions: Submission[];
  /** Sources that belong to no exercise, with the reason. */
  unknown: { student: string | null; file: string; problem: string }[];
  /** Files that are no sources, and sources of exercises that weren't asked for. */
  ignored: string[];
}

export interface Wanted {
  /** All "<lesson>/<id>" there are. */
  exercises: readonly string[];
  lesson: string | null;
  /** "<id>" or "<lesson>/<id>" of those that were asked for; none: all. */
  only: readonly string[];
  student: string | null;
  /** The output's folder, which is no student. */
  out: string;
}

const lessonOf = (name: string): string => name.split('/')[0] ?? '';
const idOf = (name: string): string => name.split('/')[1] ?? '';

/** The exercises that were asked for. Throws UsageError, which names what there is. */
export function wantedExercises({ exercises, lesson, only }: Wanted): string[] {
  const lessons = [...new Set(exercises.map(lessonOf))];
  if (lesson !== null && !lessons.includes(lesson))
    throw new UsageError(`no lesson '${lesson}' has exercises (there are: ${lessons.join(', ')})`);
  const inLesson = exercises.filter((name) => lesson === null || lessonOf(name) === lesson);
  if (only.length === 0) return inLesson;
  const asked = only.map((exercise) => {
    const found = inLesson.filter((name) => name === exercise || idOf(name) === exercise);
    if (found.length === 0) throw new UsageError(`no exercise '${exercise}' (there are: ${inLesson.join(', ')})`);
    if (found.length > 1)
      throw new UsageError(`'${exercise}' is an exercise of ${found.length} lessons: ${found.join(', ')}`);
    return found[0]!;
  });
  return [...new Set(asked)].sort();
}

interface Source {
  student: string | null;
  entry: Entry;
  file: string;
}

/** Whose file it is. In a student's folder all are one student's; in a class's folder the first name says. */
function sourcesOf(input: string, wanted: Wanted, found: Found): Source[] {
  const lessons = new Set(wanted.exercises.map(lessonOf));
  const withoutZip = (name: string) => name.replace(/\.zip$/i, '');
  const label = basename(input);
  const isFolder = statSync(input).isDirectory();
  const isZip = !isFolder && /\.zip$/i.test(input);
  if (!isFolder && !isZip) {
    const folders = dirname(input)
      .split(sep)
      .filter((name) => !lessons.has(name));
    const lesson = basename(dirname(input));
    const entry = fileEntry(input);
    if (lessons.has(lesson)) entry.parts.unshift(lesson);
    return [{ student: wanted.student ?? folders.at(-1) ?? 'student', entry, file: input }];
  }
  const entries = isFolder ? folderEntries(input, wanted.out) : zipEntries(input, []);
  const isSource = ({ parts }: Entry) => /\.cpp$/i.test(parts.at(-1) ?? '');
  const sources = entries.filter(isSource);
  const inStudents = sources.filter(({ parts }) => parts.length > 1 && !lessons.has(parts[0] ?? ''));
  const isClass = wanted.student === null && (inStudents.length > 0 || sources.length === 0);
  if (isClass && isFolder) {
    const names = childFolders(input, wanted.out).filter((name) => !lessons.has(name));
    found.students.push(...names);
  }
  return entries.map((entry) => {
    const { parts } = entry;
    const [first = label] = parts;
    const own = !isClass
      ? (wanted.student ?? withoutZip(label))
      : parts.length > 1 && !lessons.has(first)
        ? first
        : null;
    const student = own === null ? (/\.zip$/i.test(first) ? withoutZip(first) : null) : withoutZip(own);
    return { student, entry, file: [label, ...parts].join('/') };
  });
}

/** The exercise that a source is for, or why there is none. */
function exerciseOf(
  parts: readonly string[],
  { exercises }: Wanted,
  asked: readonly string[],
): { name: string } | { problem: string } {
  const id = (parts.at(-1) ?? '').replace(/\.cpp$/i, '').toLowerCase();
  const lessons = new Set(exercises.map(lessonOf));
  const lesson = parts.slice(0, -1).findLast((part) => lessons.has(part));
  const named = exercises.filter((name) => idOf(name) === id && (lesson === undefined || lessonOf(name) === lesson));
  const among = named.length > 1 ? named.filter((name) => asked.includes(name)) : named;
  if (among.length === 1) return { name: among[0]! };
  if (named.length > 1)
    return {
      problem: `'${id}' is an exercise of several lessons: put it into a folder named ${named.map(lessonOf).join(' or ')}`,
    };
  const where = lesson === undefined ? '' : ` in ${lesson}`;
  return { problem: `no exercise '${id}'${where} (there are: ${exercises.join(', ')})` };
}

/** Throws UsageError if an input does not exist or holds nothing. */
export function findSubmissions(inputs: readonly string[], wanted: Wanted): Found {
  const asked = wantedExercises(wanted);
  const found: Found = {
    students: wanted.student === null ? [] : [wanted.student],
    submissions: [],
    unknown: [],
    ignored: [],
  };
  const unnamed = new Map<string, Source[]>();
  for (const input of inputs) {
    if (!existsSync(input)) throw new UsageError(`'${input}' does not exist`);
    if (statSync(input).isFile() && !/\.(cpp|zip)$/i.test(input))
      throw new UsageError(`'${input}' is neither a .cpp file, a folder nor a .zip`);
    for (const source of sourcesOf(input, wanted, found)) {
      const { student, entry, file } = source;
      if (student !== null) found.students.push(student);
      if (entry.problem !== null) found.unknown.push({ student, file, problem: entry.problem });
      else if (!/\.cpp$/i.test(file)) found.ignored.push(file);
      else if (student === null) found.unknown.push({ student, file, problem: "it lies in no student's folder" });
      else {
        const which = exerciseOf(entry.parts, wanted, asked);
        if ('problem' in which && wanted.only.length === 1)
          unnamed.set(student, [...(unnamed.get(student) ?? []), source]);
        else if ('problem' in which) found.unknown.push({ student, file, problem: which.problem });
        else if (!asked.includes(which.name)) found.ignored.push(file);
        else found.submissions.push({ student, exercise: which.name, file, bytes: entry.read() });
      }
    }
  }
  adoptUnnamed(found, unnamed, asked[0] ?? '');
  found.students = [...new Set(found.students)].sort();
  return found;
}

/** With --exercise a file of any other name is taken for it, if the student has one only. */
function adoptUnnamed(found: Found, unnamed: ReadonlyMap<string, Source[]>, exercise: string): void {
  for (const [student, sources] of unnamed) {
    const [only] = sources;
    const has = found.submissions.some((one) => one.student === student && one.exercise === exercise);
    if (only !== undefined && sources.length === 1 && !has) {
      found.submissions.push({ student, exercise, file: only.file, bytes: only.entry.read() });
      continue;
    }
    for (const { file } of sources)
      found.unknown.push({ student, file, problem: `which of the student's files is '${exercise}' cannot be told` });
  }
}
