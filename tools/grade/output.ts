// The folder that a run writes: a record for each submission, the summary, and the formats made of them.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { problemsOf } from '#lab/schema.ts';
import { toClassroom, toCsv, toGradescope, toJUnit } from './formats.ts';
import { UsageError } from './options.ts';
import { kGradeRecord, writeWhole, type GradeRecord } from './record.ts';
import { fileName, groupBy, type Summary } from './summary.ts';

/** Marks the folder as ours, and says how to go on. */
const kRunFile = 'run.json';
const kDerived = ['submissions', 'gradescope', 'classroom', 'results.json', 'gradebook.csv', 'junit.xml'];

export interface RunFile {
  tool: 'optlab-grade';
  seed: string;
  skipPerformance: boolean;
  lesson: string | null;
  only: string[];
  student: string | null;
  inputs: string[];
  shard: { index: number; count: number } | null;
}

/** Null if the folder is none of a run. */
export function readRunFile(out: string): RunFile | null {
  const path = join(out, kRunFile);
  if (!existsSync(path)) return null;
  const run = JSON.parse(readFileSync(path, 'utf8')) as RunFile;
  return run.tool === 'optlab-grade' ? run : null;
}

/** Throws UsageError if something else lies there: what an earlier run derived is deleted, and nothing but that. */
export function prepareOutput(out: string, run: RunFile): void {
  if (existsSync(out) && readdirSync(out).length > 0 && readRunFile(out) === null)
    throw new UsageError(`--out '${out}' holds other files: name a new or an empty folder`);
  mkdirSync(out, { recursive: true });
  for (const name of kDerived) rmSync(join(out, name), { recursive: true, force: true });
  writeWhole(join(out, kRunFile), `${JSON.stringify(run, null, 2)}\n`);
}

/** Writes it and says where. Throws if it breaks the contract: that is a defect of ours. */
export function writeRecord(out: string, record: GradeRecord, taken: Set<string>): string {
  const [lesson = '', id = ''] = record.exercise.split('/');
  const stem = `submissions/${fileName(record.student)}/${lesson}/${id}`;
  let path = `${stem}.json`;
  for (let i = 2; taken.has(path); ++i) path = `${stem}-${i}.json`;
  taken.add(path);
  const problems = problemsOf(kGradeRecord, record);
  if (problems.length > 0)
    throw new Error(`the record of ${record.file} breaks result.schema.json: ${problems.join('; ')}`);
  writeWhole(join(out, path), `${JSON.stringify(record, null, 2)}\n`);
  return path;
}

export function readSummary(out: string): Summary {
  const path = join(out, 'results.json');
  if (!existsSync(path)) throw new UsageError(`'${out}' holds no results.json: it is no folder of a finished run`);
  return JSON.parse(readFileSync(path, 'utf8')) as Summary;
}

export function readRecord(out: string, path: string): GradeRecord {
  return JSON.parse(readFileSync(join(out, path), 'utf8')) as GradeRecord;
}

export function writeSummary(out: string, summary: Summary, records: readonly GradeRecord[]): void {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const ofStudent = groupBy(records, ({ student }) => student);
  for (const { student } of summary.students) {
    const own = ofStudent.get(student) ?? [];
    writeWhole(join(out, 'gradescope', fileName(student), 'results.json'), json(toGradescope(student, summary, own)));
    writeWhole(join(out, 'classroom', `${fileName(student)}.json`), json(toClassroom(student, summary, own)));
  }
  writeWhole(join(out, 'gradebook.csv'), toCsv(summary));
  writeWhole(join(out, 'junit.xml'), toJUnit(records));
  writeWhole(join(out, 'results.json'), json(summary));
}
