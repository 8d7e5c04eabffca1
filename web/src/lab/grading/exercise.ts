/** What an exercise is: `lessons/<lesson>/exercises/<id>/exercise.json`, and the header that its functions make. DOM-free: the page, the headless
 *  grader and the author's check read the same. */

import { parseDeclaration, type Declaration } from './declaration.ts';
import type { Drawn, ExerciseSpec, Param, ParamSpecs } from './exercise-schema.ts';
import { Random } from './random.ts';

export type { ExerciseSpec, ParamSpecs, PerformanceTask, TaskSpec } from './exercise-schema.ts';

export const kHeaderFile = 'exercise.h';

export type Params = Record<string, Param>;

export function isDrawn(value: unknown): value is Drawn {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The parameters of one run of a case, and what was drawn, such as "M = 3, K = 17"; empty if nothing was. */
export function drawParams(specs: ParamSpecs, seed: string): { params: Params; drawn: string } {
  const random = new Random(`${seed}/params`);
  const drawn: string[] = [];
  const params: Params = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = isDrawn(spec) ? random.integer(spec.from, spec.to) : spec;
    if (isDrawn(spec)) drawn.push(`${name} = ${String(value)}`);
    params[name] = value;
  }
  return { params, drawn: drawn.join(', ') };
}

/** An exercise with all that grading needs, as its folder holds it. */
export interface Exercise {
  /** Folder of the lesson, such as "02-acceleration". */
  lesson: string;
  id: string;
  spec: ExerciseSpec;
  /** What performance is measured against; null if no task measures it. */
  reference: string | null;
  /** Texts of spec.headers, by name. */
  headers?: Record<string, string>;
}

/** The header that student code includes: a wrong signature is an error at the line that has it. */
export function exerciseHeader(spec: Pick<ExerciseSpec, 'functions'>): string {
  const functions = spec.functions.map(
    ({ declaration, doc }) => `${doc.map((line) => `/// ${line}`).join('\n')}\n${declaration};`,
  );
  return `// Written by OptLab from exercise.json.\n#pragma once\n\n#include <stdint.h>\n\nextern "C" {\n${functions.join('\n\n')}\n}\n`;
}

/** Everything that lies beside a source of this exercise. */
export function headersOf({ spec, headers = {} }: Pick<Exercise, 'spec' | 'headers'>): Record<string, string> {
  return { ...headers, [kHeaderFile]: exerciseHeader(spec) };
}

export function declarationsOf(spec: ExerciseSpec): Declaration[] {
  return spec.functions.map(({ declaration }) => parseDeclaration(declaration));
}

export function exportsOf(spec: ExerciseSpec): string[] {
  return declarationsOf(spec).map(({ name }) => name);
}

export function maxPoints(spec: ExerciseSpec): number {
  return spec.tasks.reduce((sum, { points }) => sum + points, 0);
}
