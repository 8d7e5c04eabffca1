// The gradebook in the formats that others read: CSV, JUnit's XML, Gradescope's and GitHub Classroom's JSON. Pure functions.
import type { GradeRecord } from './record.ts';
import type { Summary } from './summary.ts';

/** RFC 4180. A text that a spreadsheet would take for a formula gets a ' before it: students choose their folders' names. */
function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** A line for each student: points and status for each exercise, then the sum and what could be had. */
export function toCsv({ exercises, students }: Summary): string {
  const header = ['student', ...exercises.flatMap(({ name }) => [name, `${name} status`]), 'total', 'max'];
  const rows = students.map(({ student, points, maxPoints, exercises: cells }) => [
    student,
    ...exercises.flatMap(({ name }) => [cells[name]?.points ?? 0, cells[name]?.status ?? 'missing']),
    points,
    maxPoints,
  ]);
  return [header, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function xml(text: string): string {
  const kNames: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' };
  // XML has no way at all to write most control characters.
  const allowed = text.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
  return allowed.replace(/[&<>"\n]/g, (sign) => kNames[sign] ?? sign);
}

/** A suite for each submission, a case for each test; what could not be run at all is one case with an error. */
export function toJUnit(records: readonly GradeRecord[]): string {
  let tests = 0;
  let failures = 0;
  let errors = 0;
  const suites = records.map((record) => {
    const { student, exercise, seconds, message, status } = record;
    const cases = record.tests.map((test) => ({ ...test, message: test.message ?? '', output: test.output ?? '' }));
    if (status === 'error')
      cases.push({
        name: 'can be run',
        status: 'error',
        message: message ?? '',
        output: '',
        seconds: 0,
      } as (typeof cases)[0]);
    const failed = cases.filter((test) => test.status === 'fail').length;
    const broken = cases.filter((test) => test.status === 'error').length;
    tests += cases.length;
    failures += failed;
    errors += broken;
    const name = xml(`${student}/${exercise}`);
    const lines = cases.map((test) => {
      const start = `    <testcase classname="${name}" name="${xml(test.name)}" time="${test.seconds.toFixed(3)}"`;
      if (test.status === 'pass') return `${start}/>`;
      const tag = test.status === 'fail' ? 'failure' : 'error';
      return `${start}><${tag} message="${xml(test.message)}">${xml(test.output)}</${tag}></testcase>`;
    });
    const counts = `tests="${cases.length}" failures="${failed}" errors="${broken}" time="${seconds.toFixed(3)}"`;
    return `  <testsuite name="${name}" ${counts}>\n${lines.join('\n')}\n  </testsuite>\n`;
  });
  const total = `tests="${tests}" failures="${failures}" errors="${errors}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="optlab" ${total}>\n${suites.join('')}</testsuites>\n`;
}

interface Line {
  name: string;
  points: number;
  maxPoints: number;
  output: string;
}

/** What a student reads of a task: what went wrong in its tests, or how fast it was. Never the seed. */
function describe(record: GradeRecord, taskId: string): string {
  const tests = record.tests.filter(({ task_id }) => task_id === taskId);
  return tests
    .map(({ name, status, message, output }) => {
      const said = [message, output].filter((text) => text !== null).join('\n');
      return `${status === 'pass' ? 'passed' : 'FAILED'}: ${name}${said === '' ? '' : `\n${said}`}`;
    })
    .join('\n\n');
}

/** A student's tasks; an exercise that was not handed in is a line without points. */
function linesOf(student: string, { exercises, unknown }: Summary, records: readonly GradeRecord[]): Line[] {
  const lines = exercises.flatMap(({ name, maxPoints }): Line[] => {
    const own = records.filter((record) => record.student === student && record.exercise === name);
    const best = own.toSorted((a, b) => b.points - a.points)[0];
    if (best === undefined) return [{ name, points: 0, maxPoints, output: `No file was handed in for ${name}.` }];
    return best.tasks.map(({ id, title, points, maxPoints: most }) => ({
      name: `${name}: ${title}`,
      points,
      maxPoints: most,
      output: best.message ?? describe(best, id),
    }));
  });
  const stray = unknown
    .filter((one) => one.student === student)
    .map(({ file, problem }) => ({ name: `Not graded: ${file}`, points: 0, maxPoints: 0, output: problem }));
  return [...lines, ...stray];
}

/** results.json of Gradescope's autograders. */
export function toGradescope(student: string, summary: Summary, records: readonly GradeRecord[]): unknown {
  const lines = linesOf(student, summary, records);
  return {
    score: lines.reduce((sum, { points }) => sum + points, 0),
    visibility: 'visible',
    stdout_visibility: 'hidden',
    tests: lines.map(({ name, points, maxPoints, output }) => ({
      name,
      score: points,
      max_score: maxPoints,
      status: points === maxPoints && maxPoints > 0 ? 'passed' : 'failed',
      output,
      output_format: 'text',
      visibility: 'visible',
    })),
  };
}

/** What GitHub Classroom's autograding reporter reads, before its base64. */
export function toClassroom(student: string, summary: Summary, records: readonly GradeRecord[]): unknown {
  const lines = linesOf(student, summary, records);
  const isPass = ({ points, maxPoints }: Line) => points === maxPoints;
  return {
    version: 1,
    status: lines.every(isPass) ? 'pass' : 'fail',
    max_score: lines.reduce((sum, { maxPoints }) => sum + maxPoints, 0),
    tests: lines.map((line) => ({
      name: line.name,
      status: isPass(line) ? 'pass' : 'fail',
      score: line.points,
      message: line.output,
    })),
  };
}
