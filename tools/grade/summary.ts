// What a run comes to: who has how many points, and what is missing. Every format is made of it.
import type { GradeRecord } from './record.ts';

export const kSummaryVersion = 1;

export interface SubmissionSummary {
  student: string;
  exercise: string;
  file: string;
  sourceHash: string;
  /** `pending`: the run was stopped before it. */
  status: GradeRecord['status'] | 'pending';
  points: number;
  maxPoints: number;
  /** Where its record lies in the folder; null if pending. */
  record: string | null;
  /** It was graded before, or is the same as another student's. */
  cached: boolean;
}

export type CellStatus = SubmissionSummary['status'] | 'missing';

export interface Cell {
  points: number;
  status: CellStatus;
}

export interface StudentSummary {
  student: string;
  points: number;
  maxPoints: number;
  /** By exercise. */
  exercises: Record<string, Cell>;
}

export interface Summary {
  version: typeof kSummaryVersion;
  seed: string;
  compiler: string;
  skipPerformance: boolean;
  /** "2/8" of a class that was split. */
  shard: string | null;
  /** No submission is pending. */
  complete: boolean;
  /** Columns of the gradebook. */
  exercises: { name: string; title: string; maxPoints: number }[];
  students: StudentSummary[];
  submissions: SubmissionSummary[];
  unknown: { student: string | null; file: string; problem: string }[];
  ignored: string[];
}

/** Better first: who handed in twice gets the better one. */
const kOrder: readonly CellStatus[] = ['pass', 'fail', 'error', 'pending', 'missing'];

function better(a: Cell, b: Cell): Cell {
  if (a.points !== b.points) return a.points > b.points ? a : b;
  return kOrder.indexOf(a.status) <= kOrder.indexOf(b.status) ? a : b;
}

export function gradebook(
  students: readonly string[],
  exercises: Summary['exercises'],
  submissions: readonly SubmissionSummary[],
): StudentSummary[] {
  const byStudent = groupBy(submissions, ({ student }) => student);
  return students.map((student) => {
    const cells: Record<string, Cell> = {};
    for (const { name } of exercises) {
      const own = (byStudent.get(student) ?? []).filter(({ exercise }) => exercise === name);
      const missing: Cell = { points: 0, status: 'missing' };
      cells[name] = own.reduce((best, { points, status }) => better({ points, status }, best), missing);
    }
    const points = Object.values(cells).reduce((sum, cell) => sum + cell.points, 0);
    const maxPoints = exercises.reduce((sum, exercise) => sum + exercise.maxPoints, 0);
    return { student, points, maxPoints, exercises: cells };
  });
}

export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}

/** A name that is safe in a path, and a different one for every other name. */
export function fileName(name: string): string {
  const safe = name.replace(/[^\p{L}\p{N}\p{M}._ @+-]/gu, (sign) => `%${sign.codePointAt(0)?.toString(16)}`);
  return safe.replace(/^\.+$/, (dots) => '%2e'.repeat(dots.length)) || '%';
}
