/** What the outcomes of a task's cases are worth. */
import type { PerformanceTask, TaskSpec } from './exercise.ts';
import type { TaskResult, TestResult } from './result.ts';
import type { CaseOutcome } from './run-case.ts';

export interface Level {
  points: number;
  ratio: number;
  /** What the next level asks for, or null at the top. */
  next: number | null;
  message: string;
}

/** A level is reached if the ratio reaches it. */
export function reached(task: PerformanceTask, found: CaseOutcome | null): Level | null {
  const measurement = found?.measurement ?? null;
  if (measurement === null) return null;
  const { ratio, low, high } = measurement;
  const points = task.levels.reduce((sum, level) => (ratio >= level.ratio ? sum + level.points : sum), 0);
  const next = task.levels.find((level) => ratio < level.ratio)?.ratio ?? null;
  const measured = `${ratio.toFixed(2)} times as fast as the reference (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return { points, ratio, next, message: next === null ? measured : `${measured}; the next level asks for ${next}` };
}

export function addVerdict(test: TestResult | undefined, { next, message }: Level): void {
  if (test === undefined) return;
  test.status = next === null ? 'pass' : 'fail';
  test.message = message;
}

export function testResult(task: TaskSpec, name: string, found: CaseOutcome): TestResult {
  return {
    name,
    status: found.status === 'pass' ? 'pass' : found.status === 'error' ? 'error' : 'fail',
    reason: found.status === 'pass' ? null : found.status,
    message: found.message || null,
    output: found.picture.length > 0 ? found.picture.join('\n') : null,
    task_id: task.id,
    seconds: found.seconds,
    measurement: found.measurement,
  };
}

export function taskResult(task: TaskSpec, outcomes: CaseOutcome[], earned: number, level: Level | null): TaskResult {
  const passed = outcomes.filter(({ status }) => status === 'pass').length;
  const all = outcomes.length > 0 && passed === outcomes.length;
  const isTimed = task.kind === 'performance';
  const points = isTimed ? earned : all ? task.points : 0;
  const status = isTimed ? (level !== null && level.next === null ? 'pass' : 'fail') : all ? 'pass' : 'fail';
  return {
    id: task.id,
    title: task.title,
    kind: task.kind,
    status,
    points,
    maxPoints: task.points,
    ratio: level?.ratio ?? null,
  };
}
