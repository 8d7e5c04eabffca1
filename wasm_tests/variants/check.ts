// Holds an exercise to what its variants say: each is the solution with one mistake in it, which is found, in the task that asks for it, and named.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { exerciseFolder, loadExercise } from '../../tools/lib/exercises.ts';
import type { NodeHost } from '../../tools/grade/host.ts';
import { gradeSource } from '#lab/grading/grade.ts';
import type { GradeResult } from '#lab/grading/result.ts';
import type { Variant } from './variant.ts';

/** A file of an exercise, which is named "<lesson>/<id>". */
export function sourceOf(exercise: string, file: string): string {
  return readFileSync(join(exerciseFolder(exercise), file), 'utf8');
}

export function gradeVariant(
  host: NodeHost,
  exercise: string,
  source: string,
  skipPerformance = true,
): Promise<GradeResult> {
  return gradeSource({ exercise: loadExercise(exercise), source, seed: 'variants', host, skipPerformance });
}

function edited(text: string, edits: Variant['edits']): string {
  return edits.reduce((now, [from, to]) => {
    assert.ok(now.includes(from), `the solution has no '${from}'`);
    return now.replaceAll(from, to);
  }, text);
}

function failures({ tasks }: GradeResult): string[] {
  const areWrong = tasks.some(({ kind, status }) => kind === 'correctness' && status === 'fail');
  return tasks
    .filter(({ kind, status }) => {
      const hasRun = kind === 'correctness' || (kind === 'safety' && !areWrong);
      return hasRun && status === 'fail';
    })
    .map(({ id }) => id);
}

export function checkVariants(host: NodeHost, exercise: string, variants: readonly Variant[]): void {
  describe(exercise, () => {
    it('has a solution that passes and a starter that compiles without warnings and earns nothing', async () => {
      const solved = await gradeVariant(host, exercise, sourceOf(exercise, 'solution.cpp'));
      assert.deepEqual(
        solved.tests.filter(({ status, message }) => status !== 'pass' && message !== 'Not timed here'),
        [],
      );
      const begun = await gradeVariant(host, exercise, sourceOf(exercise, 'starter.cpp'));
      assert.deepEqual(begun.diagnostics, []);
      assert.equal(begun.status, 'fail');
      assert.equal(begun.points, 0);
    });
    for (const { mistake, edits, fails, says } of variants) {
      it(`finds: ${mistake}`, async () => {
        const result = await gradeVariant(host, exercise, edited(sourceOf(exercise, 'solution.cpp'), edits));
        assert.equal(result.status, 'fail', result.message ?? undefined);
        const messages = result.tests.filter(({ message, task_id }) => message !== null && task_id === fails[0]);
        const said = messages.map((test) => `${test.name}: ${test.message}`).join('\n');
        assert.deepEqual(failures(result), fails, said);
        assert.match(said, says);
      });
    }
  });
}
