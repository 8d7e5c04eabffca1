/** Whether an exercise.json is what `ExerciseSpec` says. By hand, since the page has it too and a schema library is ten times as large. */
import { messageOf } from '../errors.ts';
import { parseDeclaration } from './declaration.ts';
import { isDrawn, kHeaderFile, type ExerciseSpec, type FunctionSpec, type TaskSpec } from './exercise.ts';

type Wrong = (text: string) => void;

const kKeys = ['$schema', 'title', 'objectives', 'functions', 'relaxed', 'threads', 'headers', 'budgets', 'tasks'];
const kFunctionKeys = ['declaration', 'doc'];
const kBudgetKeys = ['caseSeconds', 'timingSeconds', 'memoryPages'];
const kTaskKeys = {
  correctness: ['id', 'title', 'points', 'kind', 'cases', 'starter'],
  safety: ['id', 'title', 'points', 'kind', 'cases'],
  performance: ['id', 'title', 'points', 'kind', 'timing', 'levels'],
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}

/** A list of objects; empty, and a complaint, if it is anything else. */
function objects<T>(value: unknown, what: string, wrong: Wrong): Partial<T>[] {
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) return value as Partial<T>[];
  wrong(`${what} must be a list of at least one object`);
  return [];
}

function unknownKeys(value: object, allowed: readonly string[], where: string, wrong: Wrong): void {
  for (const key of Object.keys(value))
    if (!allowed.includes(key)) wrong(`${where}'${key}' is unknown (allowed: ${allowed.join(', ')})`);
}

function twice(names: readonly unknown[], where: string, wrong: Wrong): void {
  for (const name of new Set(names.filter((name, i) => names.indexOf(name) < i)))
    wrong(`${where} ${name} is there twice`);
}

/** What is wrong with an exercise.json, in sentences; empty if nothing. */
export function exerciseProblems(value: unknown): string[] {
  const problems: string[] = [];
  const wrong: Wrong = (text) => void problems.push(text);
  if (!isObject(value)) return ['it is no object'];
  const spec = value as Partial<ExerciseSpec>;
  unknownKeys(value, kKeys, '', wrong);
  if (!isText(spec.title)) wrong("'title' must be a text");
  if (!isTextList(spec.objectives)) wrong("'objectives' must list at least one text");
  for (const key of ['relaxed', 'threads'] as const)
    if (spec[key] !== undefined && typeof spec[key] !== 'boolean') wrong(`'${key}' must be true or false`);
  checkHeaders(spec.headers, wrong);
  checkFunctions(spec.functions, wrong);
  checkBudgets(spec.budgets, wrong);
  const tasks = objects<TaskSpec>(spec.tasks, "'tasks'", wrong);
  twice(
    tasks.map(({ id }) => id),
    'task',
    wrong,
  );
  for (const task of tasks) checkTask(task, wrong);
  if (tasks[0] && tasks[0].kind !== 'correctness') wrong('the first task must be a correctness task');
  return problems;
}

function checkHeaders(headers: unknown, wrong: Wrong): void {
  if (headers === undefined) return;
  const isName = (name: unknown) => typeof name === 'string' && /^[a-z][a-z0-9_]*\.h$/.test(name);
  if (!Array.isArray(headers) || headers.length === 0 || !headers.every(isName))
    wrong("'headers' must list files of the folder, such as kernels.h");
  else if (headers.includes(kHeaderFile)) wrong(`'headers': ${kHeaderFile} is made from the functions`);
}

function checkFunctions(value: unknown, wrong: Wrong): void {
  const names = objects<FunctionSpec>(value, "'functions'", wrong).map((entry) => {
    const { declaration, doc } = entry;
    unknownKeys(entry, kFunctionKeys, `functions: ${declaration}: `, wrong);
    if (!isTextList(doc)) wrong(`functions: ${declaration} has no doc`);
    try {
      return parseDeclaration(String(declaration)).name;
    } catch (error) {
      wrong(`functions: ${messageOf(error)}`);
      return declaration;
    }
  });
  twice(names, 'functions:', wrong);
}

function checkBudgets(value: unknown, wrong: Wrong): void {
  if (!isObject(value)) return wrong("'budgets' must be an object");
  unknownKeys(value, kBudgetKeys, 'budgets: ', wrong);
  const { caseSeconds, timingSeconds, memoryPages } = value;
  const within = (v: unknown, low: number, high: number) => typeof v === 'number' && v >= low && v <= high;
  if (!within(caseSeconds, 0.1, 60)) wrong('budgets.caseSeconds must be 0.1 to 60');
  if (!within(timingSeconds, 0.1, 60)) wrong('budgets.timingSeconds must be 0.1 to 60');
  if (!within(memoryPages, 2, 1024) || !Number.isInteger(memoryPages))
    wrong('budgets.memoryPages must be a whole number, 2 to 1024 (64 KiB each)');
}

function checkTask(task: Partial<TaskSpec>, wrong: Wrong): void {
  const where = `task ${task.id}`;
  if (!/^[a-z][a-z0-9-]*$/.test(task.id ?? ''))
    wrong(`task '${task.id}': the id must be lower-case letters, digits and -`);
  if (!isText(task.title)) wrong(`${where} has no title`);
  if (!(typeof task.points === 'number' && task.points > 0)) wrong(`${where}: points must be positive`);
  if (!Object.hasOwn(kTaskKeys, task.kind ?? ''))
    return wrong(`${where}: kind must be ${Object.keys(kTaskKeys).join(', ')}`);
  unknownKeys(task, kTaskKeys[task.kind as keyof typeof kTaskKeys], `${where}: `, wrong);
  if (task.kind === 'correctness' && task.starter !== undefined && !isText(task.starter))
    wrong(`${where}: 'starter' must say why the starter passes`);
  if (task.kind === 'performance') checkLevels(task, where, wrong);
  else checkCases((task as { cases?: unknown }).cases, where, wrong);
}

function checkLevels(task: Partial<TaskSpec & { kind: 'performance' }>, where: string, wrong: Wrong): void {
  checkParams(task.timing, `${where}: timing`, wrong);
  const levels = objects<{ ratio: number; points: number }>(task.levels, `${where}: levels`, wrong);
  for (const level of levels) unknownKeys(level, ['ratio', 'points'], `${where}: a level: `, wrong);
  if (levels.some(({ points }) => !(typeof points === 'number' && points > 0)))
    wrong(`${where}: a level's points must be positive`);
  if (levels.reduce((sum, { points }) => sum + (points ?? 0), 0) !== task.points)
    wrong(`${where}: its levels' points don't add up to ${task.points}`);
  if (levels.some(({ ratio }, i) => !((ratio ?? 0) > (levels[i - 1]?.ratio ?? 0))))
    wrong(`${where}: levels must ascend from above 0`);
}

function checkCases(value: unknown, where: string, wrong: Wrong): void {
  const cases = objects<{ name: string; params: unknown }>(value, `${where}: cases`, wrong);
  if (new Set(cases.map(({ name }) => name)).size < cases.length) wrong(`${where}: two cases have the same name`);
  for (const one of cases) {
    unknownKeys(one, ['name', 'params'], `${where}: ${one.name}: `, wrong);
    if (!isText(one.name)) wrong(`${where}: a case has no name`);
    if (!isObject(one.params)) wrong(`${where}: ${one.name}: params must be an object`);
    else checkParams(one.params, `${where}: case '${one.name}'`, wrong);
  }
}

function checkParams(value: unknown, where: string, wrong: Wrong): void {
  if (!isObject(value)) return wrong(`${where} must be an object`);
  for (const [key, v] of Object.entries(value)) {
    const isNumbers = Array.isArray(v) && v.every((x) => typeof x === 'number');
    const isRange = isDrawn(v) && Number.isInteger(v.from) && Number.isInteger(v.to) && v.from <= v.to;
    if (!isNumbers && !isRange && !['number', 'boolean', 'string'].includes(typeof v))
      wrong(`${where}: '${key}' must be a value or { "from": whole number, "to": one not below }`);
  }
}
