/** What an exercise is: `lessons/<lesson>/exercises/<id>/exercise.json`, and the header that its ABI makes. DOM-free: the page, the headless
 *  grader and the author's check read the same. */

import { Random } from './random.ts';

/** Types a function of an exercise may take. Pointers lead to buffers that the grader lays out; `const` ones must stay as they are. */
export const kCTypes = {
  void: null,
  int: null,
  float: null,
  double: null,
  'float*': 'f32',
  'const float*': 'f32',
  'double*': 'f64',
  'const double*': 'f64',
  'int*': 'i32',
  'const int*': 'i32',
  'int8_t*': 'i8',
  'const int8_t*': 'i8',
  'uint8_t*': 'u8',
  'const uint8_t*': 'u8',
} as const;
export type CType = keyof typeof kCTypes;

export interface AbiFunction {
  name: string;
  returns: CType;
  parameters: { type: CType; name: string }[];
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

function isDrawn(value: unknown): value is Drawn {
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

/** What is wrong with parameters' ranges. */
function rangeProblems(specs: unknown): string[] {
  return Object.entries(specs ?? {})
    .filter(([, spec]) => isDrawn(spec))
    .filter(([, { from, to }]) => !Number.isInteger(from) || !Number.isInteger(to) || from > to)
    .map(([name]) => `'${name}' must be a value or { "from": whole number, "to": one not below }`);
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
  abi: AbiFunction[];
  /** Relaxed SIMD is allowed. */
  relaxed?: boolean;
  /** Several workers run it at once on shared memory. */
  threads?: boolean;
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
}

export const kHeaderFile = 'exercise.h';

/** The header that student code includes: a wrong signature is an error at the line that has it. */
export function exerciseHeader(spec: ExerciseSpec): string {
  const functions = spec.abi.map(({ name, returns, parameters, doc }) => {
    const list = parameters.map((p) => `${p.type} ${p.name}`.replace('* ', '* ')).join(', ');
    return `${doc.map((line) => `/// ${line}`).join('\n')}\n${returns} ${name}(${list || 'void'});`;
  });
  return `// Written by OptLab from exercise.json.\n#pragma once\n\n#include <stdint.h>\n\nextern "C" {\n${functions.join('\n\n')}\n}\n`;
}

export function exportsOf(spec: ExerciseSpec): string[] {
  return spec.abi.map(({ name }) => name);
}

export function maxPoints(spec: ExerciseSpec): number {
  return spec.tasks.reduce((sum, { points }) => sum + points, 0);
}

/** What is wrong with an exercise.json, in sentences; empty if nothing. */
export function exerciseProblems(value: unknown): string[] {
  const problems: string[] = [];
  const wrong = (text: string) => void problems.push(text);
  const isObject = (v: unknown): v is Record<string, unknown> =>
    typeof v === 'object' && v !== null && !Array.isArray(v);
  if (!isObject(value)) return ['it is no object'];
  const spec = value as Partial<ExerciseSpec>;

  const known = ['$schema', 'title', 'objectives', 'abi', 'relaxed', 'threads', 'budgets', 'tasks'];
  for (const key of Object.keys(value))
    if (!known.includes(key)) wrong(`'${key}' is unknown (allowed: ${known.join(', ')})`);
  if (typeof spec.title !== 'string' || spec.title === '') wrong("'title' must be a text");
  if (!Array.isArray(spec.objectives) || spec.objectives.length === 0) wrong("'objectives' must list at least one");

  const names = new Set<string>();
  if (!Array.isArray(spec.abi) || spec.abi.length === 0) wrong("'abi' must list at least one function");
  for (const { name, returns, parameters, doc } of spec.abi ?? []) {
    if (!/^[a-z][a-z0-9_]*$/.test(name ?? '')) wrong(`abi: '${name}' is no snake_case name`);
    if (names.has(name)) wrong(`abi: ${name} is there twice`);
    names.add(name);
    const pointer = (type: CType) => kCTypes[type] !== null;
    if (!(returns in kCTypes) || pointer(returns))
      wrong(`abi: ${name} returns '${returns}' (allowed: void, int, float, double)`);
    for (const { type, name: parameter } of parameters ?? []) {
      if (!(type in kCTypes) || type === 'void')
        wrong(`abi: ${name}: '${parameter}' is a '${type}' (allowed: ${Object.keys(kCTypes).slice(1).join(', ')})`);
    }
    if (!Array.isArray(doc) || doc.length === 0) wrong(`abi: ${name} has no doc`);
  }

  const { caseSeconds, timingSeconds, memoryPages } = spec.budgets ?? {};
  const within = (v: unknown, low: number, high: number) => typeof v === 'number' && v >= low && v <= high;
  if (!within(caseSeconds, 0.1, 60)) wrong('budgets.caseSeconds must be 0.1 to 60');
  if (!within(timingSeconds, 0.1, 60)) wrong('budgets.timingSeconds must be 0.1 to 60');
  if (!within(memoryPages, 2, 1024)) wrong('budgets.memoryPages must be 2 to 1024 (64 KiB each)');

  const tasks = new Set<string>();
  if (!Array.isArray(spec.tasks) || spec.tasks.length === 0) wrong("'tasks' must list at least one");
  for (const task of spec.tasks ?? []) {
    if (!/^[a-z][a-z0-9-]*$/.test(task.id ?? ''))
      wrong(`task '${task.id}': the id must be lower-case letters, digits and -`);
    if (tasks.has(task.id)) wrong(`task ${task.id} is there twice`);
    tasks.add(task.id);
    if (!(task.points > 0)) wrong(`task ${task.id}: points must be positive`);
    if (typeof task.title !== 'string' || task.title === '') wrong(`task ${task.id} has no title`);
    if (task.kind === 'performance') {
      const { levels = [], timing } = task;
      if (!isObject(timing)) wrong(`task ${task.id} has no timing parameters`);
      for (const problem of rangeProblems(timing)) wrong(`task ${task.id}: ${problem}`);
      if (levels.reduce((sum, { points }) => sum + points, 0) !== task.points)
        wrong(`task ${task.id}: its levels' points don't add up to ${task.points}`);
      if (levels.some(({ ratio }, i) => !(ratio > (levels[i - 1]?.ratio ?? 0))))
        wrong(`task ${task.id}: levels must ascend`);
    } else if (task.kind === 'correctness' || task.kind === 'safety') {
      if (!Array.isArray(task.cases) || task.cases.length === 0) wrong(`task ${task.id} has no cases`);
      for (const { name, params } of task.cases ?? [])
        for (const problem of rangeProblems(params)) wrong(`task ${task.id}, case '${name}': ${problem}`);
      const caseNames = (task.cases ?? []).map(({ name }) => name);
      if (new Set(caseNames).size < caseNames.length) wrong(`task ${task.id}: two cases have the same name`);
    } else {
      wrong(`task ${(task as TaskSpec).id}: kind must be correctness, safety or performance`);
    }
  }
  if (spec.tasks?.[0]?.kind !== 'correctness') wrong('the first task must be a correctness task');
  return problems;
}
