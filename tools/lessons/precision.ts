// Would an exercise notice a kernel that computes with half precision? The solution's results, rounded to it, have to fail: a kernel that
// rounds in every step is further off than one that rounds at the end only.
import type { Declaration } from '#lab/grading/declaration.ts';
import { declarationsOf, drawParams, type ExerciseSpec } from '#lab/grading/exercise.ts';
import type { Grader } from '#lab/grading/grader.ts';
import { Kernel, type Buffer, type Elements } from '#lab/grading/kernel.ts';
import { Random } from '#lab/grading/random.ts';
import { Mismatch } from '#lab/grading/verdict.ts';

/** The nearest number with 11 bits of significand, as IEEE 754 binary16 has. */
export function toHalf(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), -14);
  const step = 2 ** (exponent - 10);
  const rounded = Math.round(value / step) * step;
  return Math.abs(rounded) > 65_504 ? Math.sign(rounded) * Infinity : rounded;
}

function isReal(type: string): boolean {
  return type.includes('float') || type.includes('double');
}

/** Whether there is anything that precision could matter to. */
function hasRealResults(functions: readonly Declaration[]): boolean {
  return functions.some(
    ({ returns, parameters }) =>
      isReal(returns) || parameters.some(({ type }) => type.endsWith('*') && !type.startsWith('const') && isReal(type)),
  );
}

/** A kernel whose floating-point results are seen rounded. */
async function halfKernel(module: WebAssembly.Module, functions: readonly Declaration[]): Promise<Kernel> {
  const kernel = await Kernel.create({ module });
  const read = kernel.read.bind(kernel);
  const call = kernel.callUnchecked.bind(kernel);
  kernel.read = (buffer: Buffer): Elements => {
    const values = read(buffer);
    const isRounded = buffer.role !== 'input' && (values instanceof Float32Array || values instanceof Float64Array);
    return isRounded ? values.map(toHalf) : values;
  };
  kernel.callUnchecked = (name: string, ...args: (Buffer | number)[]): number => {
    const result = call(name, ...args);
    return isReal(functions.find((entry) => entry.name === name)?.returns ?? '') ? toHalf(result) : result;
  };
  return kernel;
}

function isNoticed(action: () => void): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof Mismatch) return true;
    throw error;
  }
}

export interface PrecisionOptions {
  spec: ExerciseSpec;
  grader: Grader;
  /** Compiled for one thread. */
  solution: WebAssembly.Module;
  reference: WebAssembly.Module | null;
  seed: string;
}

/** Sentences about what would accept half precision. */
export async function precisionProblems({
  spec,
  grader,
  solution,
  reference,
  seed,
}: PrecisionOptions): Promise<string[]> {
  const functions = declarationsOf(spec);
  if (!hasRealResults(functions)) return [];
  const problems: string[] = [];
  let noticed = false;
  for (const task of spec.tasks) {
    if (task.kind !== 'correctness') continue;
    for (const { name, params } of task.cases) {
      const kernel = await halfKernel(solution, functions);
      noticed ||= isNoticed(() => grader.run(kernel, drawParams(params, seed).params, new Random(`${seed}/${name}`)));
    }
  }
  if (!noticed) problems.push('no correctness case notices results of half precision: its tolerances are too wide');
  for (const task of spec.tasks) {
    if (task.kind !== 'performance' || reference === null || grader.timing === undefined) continue;
    const theirs = grader.timing(
      await Kernel.create({ module: reference, isReference: true }),
      drawParams(task.timing, seed).params,
      new Random(seed),
    );
    const ours = grader.timing(
      await halfKernel(solution, functions),
      drawParams(task.timing, seed).params,
      new Random(seed),
    );
    theirs.call();
    ours.call();
    if (!isNoticed(() => ours.compare(ours.outputs(), theirs.outputs())))
      problems.push(`task ${task.id}: a timed call with results of half precision is accepted`);
  }
  return problems;
}
