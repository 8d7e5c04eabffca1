/** What an exercise is: `lessons/<lesson>/exercises/<id>/exercise.json`, and the header that its functions make. DOM-free: the page, the headless
 *  grader and the author's check read the same. */

import { parseDeclaration, type Declaration } from './declaration.ts';
import { Random } from './random.ts';

/** A function that a student writes. */
export interface FunctionSpec {
  /** One line of C, such as "float sum(const float* x, int n)": see `parseDeclaration`. */
  declaration: string;
  /** One or more lines: shapes, units, what holds for the arguments. */
  doc: string[];
}

export type Params = Record<string, number | boolean | string | number[]>;

/** A whole number that each grading draws anew, from the seed: so that nobody writes for the shapes that are listed. */
export interface Drawn {
  from: number;
  to: number;
}
export type ParamSpecs = Record<string, Params[string] | Drawn>;

export interface CaseSpec {
  name: string;
  params: ParamSpecs;
}

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

interface TaskBase {
  id: string;
  /** What a student reads; says what is asked. */
  title: string;
  points: number;
}
/** The right values, for each case. All cases or no points. */
export interface CorrectnessTask extends TaskBase {
  kind: 'correctness';
  cases: CaseSpec[];
  /** Why the starter already passes it, where it does. */
  starter?: string;
}
/** The same without undefined behaviour and without touching what isn't the kernel's. Needs the right values first. */
export interface SafetyTask extends TaskBase {
  kind: 'safety';
  cases: CaseSpec[];
}
/** Time against `reference.cpp` compiled alike. Needs the right values first. Points of a level are those of all below it and its own. */
export interface PerformanceTask extends TaskBase {
  kind: 'performance';
  timing: ParamSpecs;
  /** Ascending; the points add up to the task's. */
  levels: { ratio: number; points: number }[];
}
export type TaskSpec = CorrectnessTask | SafetyTask | PerformanceTask;

export interface ExerciseSpec {
  title: string;
  /** What somebody can do who has solved it. */
  objectives: string[];
  functions: FunctionSpec[];
  /** Relaxed SIMD is allowed. */
  relaxed?: boolean;
  /** Several workers run it at once on shared memory. */
  threads?: boolean;
  /** More headers of the folder that sources may include, such as kernels to choose from. */
  headers?: string[];
  budgets: {
    /** Of one case, seconds; a case that takes longer fails, the others still run. */
    caseSeconds: number;
    /** Of a performance task, seconds. */
    timingSeconds: number;
    memoryPages: number;
  };
  tasks: TaskSpec[];
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

export const kHeaderFile = 'exercise.h';

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

export { exerciseProblems } from './exercise-problems.ts';
