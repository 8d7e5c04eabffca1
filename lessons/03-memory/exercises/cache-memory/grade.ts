import { defineGrader, expectExplained, type Fault, type Kernel, type Random } from '#lab/grading/author.ts';
import {
  cacheBytes,
  kMistakes,
  kStorages,
  longestSequence,
  mostSequences,
  tokenBytes,
  type CacheShape,
  type Storage,
} from '../../memory.ts';

type Params = Partial<Omit<CacheShape, 'storage'>> & {
  ask: string;
  storage: string;
  budget?: number;
  weights?: number;
  /** So many random models instead. */
  draw?: number;
  windows?: boolean;
};

/** What is asked about one model. */
interface Question {
  ask: 'bytes' | 'longest' | 'sequences';
  shape: CacheShape;
  budget: number;
  weights: number;
}

const kMostInt = 2 ** 31 - 1;

function modelArguments({ layers, heads, kvHeads, headSize }: CacheShape): number[] {
  return [layers, heads, kvHeads, headSize];
}

function policyArguments({ window, sinks, storage }: CacheShape): number[] {
  return [window, sinks, kStorages.indexOf(storage)];
}

function textOf({ layers, heads, kvHeads, headSize, window, sinks, storage }: CacheShape): string {
  const policy = window === 0 ? 'all positions' : `window ${window} and ${sinks} sinks`;
  return `${layers} layers, ${heads} query heads, ${kvHeads} kv heads of ${headSize}, ${policy}, ${storage}`;
}

function expectBytes(kernel: Kernel, { shape }: Question): void {
  const got = kernel.call('cache_bytes', ...modelArguments(shape), shape.positions, ...policyArguments(shape));
  const what = `cache_bytes() of ${shape.positions} positions (${textOf(shape)})`;
  expectExplained(what, got, Number(cacheBytes(shape)), () =>
    kMistakes.map(({ change, sentence }): Fault => [Number(cacheBytes(shape, change)), sentence]),
  );
}

function expectLongest(kernel: Kernel, { shape, budget }: Question): void {
  const got = kernel.call('longest_sequence', budget, ...modelArguments(shape), ...policyArguments(shape));
  const right = longestSequence(budget, shape);
  const slots = shape.window + shape.sinks;
  const token = tokenBytes(shape);
  expectExplained(`longest_sequence() in ${budget} bytes (${textOf(shape)})`, got, right, () => [
    [right + 1, `That needs ${BigInt(right + 1) * token} bytes.`],
    [right - 1, `A position more takes ${BigInt(right) * token} bytes: just enough fits too.`],
    ...(right === kMostInt && shape.window > 0
      ? ([
          [slots, 'All slots fit, so a sequence may be as long as you like: 2147483647.'],
          [Number(BigInt(budget) / token), 'All slots fit, so a sequence may be as long as you like: 2147483647.'],
        ] satisfies Fault[])
      : ([[kMostInt, `Not all ${slots} slots fit.`]] satisfies Fault[])),
    ...kMistakes.map(({ change, sentence }): Fault => [longestSequence(budget, shape, change), sentence]),
  ]);
}

function expectSequences(kernel: Kernel, { shape, budget, weights }: Question): void {
  const [model, policy] = [modelArguments(shape), policyArguments(shape)];
  const got = kernel.call('most_sequences', budget, weights, ...model, shape.positions, ...policy);
  const right = mostSequences(budget, weights, shape);
  const what = `most_sequences() of ${shape.positions} positions in ${budget} bytes, ${weights} of them weights (${textOf(shape)})`;
  expectExplained(what, got, right, () => [
    [mostSequences(budget, 0, shape), 'That leaves out the weights: they take their part of the memory first.'],
    [Math.floor(budget / (Number(cacheBytes(shape)) + weights)), 'The weights are there once, for all sequences.'],
    [right + 1, 'That is one too many: part of a cache is of no use.'],
    [
      Math.floor((budget - weights) / Number(cacheBytes(shape))),
      'The weights don’t fit, so nothing can be generated: 0.',
    ],
    ...kMistakes.map(({ change, sentence }): Fault => [mostSequences(budget, weights, shape, change), sentence]),
  ]);
}

const kChecks = { bytes: expectBytes, longest: expectLongest, sequences: expectSequences };

/** A whole number, each order of magnitude as likely. */
function drawSize(random: Random, most: number): number {
  return Math.floor(2 ** random.real(0, Math.log2(most + 1)));
}

function drawShape(random: Random, { storage, windows = false }: Params): CacheShape {
  const kvHeads = drawSize(random, 16);
  const names = { 'f32 or fp16': ['f32', 'fp16'], int8: ['int8'], any: kStorages }[storage] ?? [];
  const hasWindow = windows && random.integer(0, 3) > 0;
  return {
    layers: drawSize(random, 100),
    kvHeads,
    heads: kvHeads * random.integer(1, 8),
    headSize: drawSize(random, 256),
    positions: drawSize(random, 5000),
    window: hasWindow ? drawSize(random, 5000) : 0,
    sinks: windows ? random.integer(0, 8) : 0,
    storage: (names[random.integer(0, names.length - 1)] ?? 'f32') as Storage,
  };
}

function drawQuestion(random: Random, params: Params): Question {
  const shape = drawShape(random, params);
  const ask = params.ask === 'bytes' ? 'bytes' : random.integer(0, 1) === 0 ? 'longest' : 'sequences';
  // As large as what is asked about; every third is a whole number of positions or caches, which just fits.
  const unit = Number(ask === 'longest' ? tokenBytes(shape) : cacheBytes(shape));
  const count = drawSize(random, 3000);
  const weights = ask === 'longest' ? 0 : drawSize(random, 1e9);
  const rest = random.integer(0, 2) === 0 ? 0 : random.integer(0, unit - 1);
  return { ask, shape, weights, budget: weights + unit * count + rest };
}

export default defineGrader<Params>({
  run(kernel, params, random) {
    const { layers = 1, heads = 1, kvHeads = 1, headSize = 1, positions = 1, window = 0, sinks = 0 } = params;
    const { draw = 0, budget = 0, weights = 0, storage } = params;
    for (let i = 0; i < draw; ++i) {
      const question = drawQuestion(random, params);
      kChecks[question.ask](kernel, question);
    }
    if (draw > 0) return;
    const ask = params.ask as Question['ask'];
    if (kChecks[ask] === undefined) throw new Error(`exercise.json asks for '${ask}'`);
    const shape = { layers, heads, kvHeads, headSize, positions, window, sinks, storage: storage as Storage };
    kChecks[ask](kernel, { ask, shape, budget, weights });
  },
});
