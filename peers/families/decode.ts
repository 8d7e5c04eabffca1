// Language models: generating token by token with a cache of keys and values, and reading a prompt.
import { against, type Family, kFastAndExact, kPeerRow, type Table, webTables } from '../family.ts';
import { type Gpt2, gpt2Bytes, type Gpt2Shape, llamaBytes, llamaLike, randomGpt2 } from '../models/gpt2.ts';
import { kTypable } from '../models/gpt2-gguf.ts';
import { uniform } from '../random.ts';
import type { DecodeTask, OperandsOf } from '../types.ts';
import { kHopeless } from './compare.ts';
import { Gpt2Reference } from './decode-reference.ts';

const kCached = 192;
const kGenerated = 64;
const kPrompt = 256;
/** New tokens whose logits are compared. */
const kChecked = 4;
/** Of a log-probability, in standard deviations of all those of its token: what float32 arithmetic stays far below. */
export const kAllowed = 1e-3;
/** The row of ours whose activations stay float32 where weights are 8 bits. */
export const kFloatActivations = 'float-activations';

const kTasks: readonly DecodeTask[] = [
  ...[384, 256].flatMap((dim) =>
    (['f32', 'int8'] as const).map((weights): DecodeTask => {
      const what = { kind: 'generate', dim, weights, prompt: kCached + 1, count: kGenerated } as const;
      return { family: 'decode', name: `generate, d=${dim}, ${weights}`, ...what };
    }),
  ),
  {
    ...{ family: 'decode', name: `prompt ${kPrompt}, d=384, f32` },
    ...{ kind: 'prompt', dim: 384, weights: 'f32', prompt: kPrompt, count: 1 },
  },
];

/** What the peers run. */
export function shapeOf({ dim }: Pick<DecodeTask, 'dim'>): Gpt2Shape {
  return { dim, layers: 6, heads: dim / 64, vocab: 512, positions: 512 };
}

/** Models and their references by their dimension: they take seconds. */
const models = new Map<number, { model: Gpt2; reference: Gpt2Reference }>();

export function modelOf(task: Pick<DecodeTask, 'dim'>) {
  const found = models.get(task.dim);
  if (found) return found;
  const model = randomGpt2(shapeOf(task));
  const made = { model, reference: new Gpt2Reference(model) };
  models.set(task.dim, made);
  return made;
}

/** How many tokens' logits the check wants. */
export const checkedTokens = ({ count }: DecodeTask) => Math.min(count, kChecked);

/** log softmax */
export function logProbabilities(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b));
  const total = values.reduce((sum, value) => sum + Math.exp(value - largest), 0);
  return values.map((value) => value - largest - Math.log(total));
}

/** The likeliest token but the last, which ends a text (endToken()); the lowest one on ties. */
export function likeliest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let id = 1; id < logits.length - 1; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}

export interface ChosenToken {
  id: number;
  logProbabilities: ArrayLike<number>;
}

/** What a library hands over to be checked: for each new token its id and all log-probabilities it was chosen from. */
export function outputOf(tokens: readonly ChosenToken[]): Float32Array {
  return Float32Array.from(tokens.flatMap(({ id, logProbabilities: values }) => [id, ...Array.from(values)]));
}

function check(
  task: DecodeTask,
  { prompt }: OperandsOf['decode'],
  output: ArrayLike<number>,
  allowed = kAllowed,
  reference?: (ids: Int32Array) => Float32Array,
) {
  const { vocab } = shapeOf(task);
  const count = checkedTokens(task);
  if (output.length !== count * (1 + vocab)) return { ok: false, worst: kHopeless };
  const values = Array.from(output);
  const found = Array.from({ length: count }, (_, i) => values.slice(i * (1 + vocab), (i + 1) * (1 + vocab)));
  const ids = found.map((row) => row[0]!);
  if (!ids.every((id) => Number.isInteger(id) && id >= 0 && id < vocab)) return { ok: false, worst: kHopeless };
  // The library's own tokens, so that one near-tie doesn't make all that follows another text.
  const text = Int32Array.of(...prompt, ...ids.slice(0, -1));
  const first = prompt.length - 1;
  const given = reference?.(text);
  const logits = given
    ? ids.map((_, i) => given.slice((first + i) * vocab, (first + i + 1) * vocab))
    : modelOf(task).reference.logits(text, first);
  const errors = found.map(([id = 0, ...row], i) => errorOf(id, row, logProbabilities(logits[i]!)) / allowed);
  const worst = Math.max(...errors);
  return { ok: worst <= 1, worst: Number.isFinite(worst) ? worst : kHopeless };
}

/** In standard deviations: the largest error of a log-probability, or half of what the chosen token's is below the best one's. */
function errorOf(id: number, row: readonly number[], wanted: Float64Array): number {
  const mean = wanted.reduce((sum, value) => sum + value, 0) / wanted.length;
  const deviation = Math.sqrt(wanted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / wanted.length);
  const gap = (wanted[likeliest(wanted)]! - wanted[id]!) / 2;
  return Math.max(gap, ...row.map((value, i) => Math.abs(value - wanted[i]!))) / deviation;
}

const kMegabyte = 1e6;

function sizes(): string {
  const each = [384, 256].map((dim) => {
    const [theirs, ours] = [shapeOf({ dim }), llamaLike(shapeOf({ dim }))];
    const [wanted, got] = [gpt2Bytes(theirs), llamaBytes(ours)].map((bytes) => (bytes / kMegabyte).toFixed(2));
    return `at d=${dim} with ${ours.hidden} hidden units ${got} MB in float32 against ${wanted}`;
  });
  return each.join(', ');
}

const named = (weights: string, dim: number) => `generate, d=${dim}, ${weights}`;
const targets = (f32: number, small: number, int8: number): Table['targets'] => ({
  [named('f32', 384)]: f32,
  [named('f32', 256)]: small,
  [named('int8', 384)]: int8,
  [named('int8', 256)]: 4,
});
const kPromptTask = kTasks.at(-1)!.name;
const kAsItComes = { row: 'default', label: 'wllama as it comes' };

export const decode: Family<'decode'> = {
  name: 'decode',
  title: 'Language models',
  what: `Generating ${kGenerated} tokens after ${kCached} that are cached, each the likeliest one; or reading a prompt of ${kPrompt}. Six layers, heads of
64, ${shapeOf({ dim: 384 }).vocab} tokens, random weights. The peers run GPT-2's shape; ours is Llama's with as many hidden units as make it no smaller:
${sizes()}. Tokens a second.`,
  checked: `The log-probabilities from which the first ${kChecked} new tokens were chosen are compared, the peers' with GPT-2 in float64, ours with its own model without a
cache: they may differ by ${kAllowed} of their standard deviation in float32, by 0.02 in wllama, which takes GELU from a table of halves, by 0.15 where weights and activations
have 8 bits, and by 0.3 where activations have 7.`,
  unit: 'tokens/s',
  tasks: kTasks,
  shortName: ({ kind, dim, weights }) => `${kind}-${dim}-${weights}`,
  work: ({ kind, prompt, count }) => 1e9 * (kind === 'generate' ? count : prompt), // figures are in 1e9 a second
  operands: ({ prompt }) => {
    const next = uniform(7);
    return { prompt: Int32Array.from({ length: prompt }, () => Math.floor(((next() + 1) / 2) * kTypable)) };
  },
  check,
  web: {
    rows: {
      ours: [
        ...kFastAndExact,
        {
          ...{ role: 'extra', row: kFloatActivations, note: 'activations in float32' },
          only: (task) => task.family === 'decode' && task.weights === 'int8',
        },
      ],
      ort: kPeerRow,
      wllama: [
        { role: 'peer', row: 'default', note: 'as it comes' },
        { role: 'peer', row: 'plain', note: 'cache in f32, no flash attention' },
      ],
    },
    how: {
      ours: `Decoder and Generation, cache in float32; in int8 weights of 8 bits with a scale for each output and activations of 7 with a scale for each token ("int8-dot"), or activations in float32 ("int8")`,
      ort: `a graph with MatMul, in int8 with DynamicQuantizeMatMul (com.microsoft, weights with a scale for each output, activations with one; MatMulNBits with 8 bits takes five times as long), and attention of Concat, MatMul and Softmax`,
      wllama: 'completions with cache_prompt; in int8 q8_0, weights and activations in blocks of 32',
    },
    note: `A call is one generation of ${kGenerated} tokens, ${kGenerated} passes of a token through the model, or one prompt. wllama answers a request; ours
and onnxruntime-web are called token by token, and onnxruntime-web copies its caches in and out each time, since its interface has no other way
on the CPU. As it comes wllama keeps keys and values as halves and attends with flash attention; both cost it time here, so that it also runs with
float32 and without, and the faster counts. Ours against wllama as it comes, which the targets were written for, is in the last table.`,
    tables: webTables(targets(1.9, 2, 5), targets(2.2, 2, 6)),
  },
  native: { rows: {}, how: {}, note: '', tables: [] },
  limits: [
    against('wllama', kPromptTask, 3, kAsItComes),
    ...[1, 2].flatMap((threads) =>
      kTasks
        .filter(({ kind }) => kind === 'generate')
        .map(({ name, dim, weights }) => {
          const wanted = targets(threads === 1 ? 1.9 : 2.2, 2, threads === 1 ? 5 : 6)[named(weights, dim)]!;
          return against('wllama', name, wanted, { ...kAsItComes, threads });
        }),
    ),
  ],
  probed: new Set(),
};
