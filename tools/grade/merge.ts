// Several runs' folders made one: the parts of a class that was split, or exercises that were graded one at a time.
import { UsageError, type MergeCommand } from './options.ts';
import { prepareOutput, readRecord, readSummary, writeRecord, writeSummary } from './output.ts';
import type { GradeRecord } from './record.ts';
import { gradebook, type Summary, type SubmissionSummary } from './summary.ts';

function common<K extends 'seed' | 'compiler' | 'skipPerformance'>(key: K, parts: readonly Summary[]): Summary[K] {
  const values = [...new Set(parts.map((part) => part[key]))];
  if (values.length !== 1)
    throw new UsageError(`these runs can't be merged: they differ in ${key} (${values.join(', ')})`);
  return values[0]!;
}

/** Throws UsageError if a folder is no run's, or the runs were made under different conditions. */
export function merge({ folders, out }: MergeCommand): Summary {
  const parts = folders.map((folder) => ({ folder, summary: readSummary(folder) }));
  const summaries = parts.map(({ summary }) => summary);
  const seed = common('seed', summaries);
  const compiler = common('compiler', summaries);
  const skipPerformance = common('skipPerformance', summaries);
  const inputs = folders;
  const shard = null;
  prepareOutput(out, {
    tool: 'optlab-grade',
    seed,
    skipPerformance,
    lesson: null,
    only: [],
    student: null,
    inputs,
    shard,
  });

  const records: GradeRecord[] = [];
  const submissions: SubmissionSummary[] = [];
  const taken = new Set<string>();
  for (const { folder, summary } of parts) {
    for (const one of summary.submissions) {
      if (one.record === null) {
        submissions.push(one);
        continue;
      }
      const record = readRecord(folder, one.record);
      submissions.push({ ...one, record: writeRecord(out, record, taken) });
      records.push(record);
    }
  }
  const columns = new Map(summaries.flatMap(({ exercises }) => exercises.map((one) => [one.name, one] as const)));
  const exercises = [...columns.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const students = [...new Set(summaries.flatMap((part) => part.students.map(({ student }) => student)))].sort();
  const summary: Summary = {
    version: summaries[0]!.version,
    seed,
    compiler,
    skipPerformance,
    shard,
    complete: summaries.every(({ complete }) => complete),
    exercises,
    students: gradebook(students, exercises, submissions),
    submissions,
    unknown: summaries.flatMap(({ unknown }) => unknown),
    ignored: summaries.flatMap(({ ignored }) => ignored),
  };
  writeSummary(out, summary, records);
  return summary;
}
