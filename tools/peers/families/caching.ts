// A language model with its cache of keys and values and without: the library against itself, position by position.
import { exponentAt, fitGrowth, type GrowthFit, predicted } from '../../../web/src/lab/growth.ts';
import { type Family, type Table, webTables } from '../family.ts';
import { speeds } from '../figures.ts';
import { median } from '../statistics.ts';
import type { CachingTask, OperandsOf, Section } from '../types.ts';
import { kHopeless } from './compare.ts';

/** The committed model's shape (models/README.md), with more positions: what a token costs doesn't depend on the weights. */
export const kCachingShape = {
  ...{ vocab: 2048, dim: 192, layers: 5, heads: 6, kvHeads: 3, hidden: 528 },
  ...{ positions: 2304, tied: true },
};
const kPositions = [64, 128, 256, 512, 1024, 1536, 2048];

const token = (position: number): CachingTask => {
  return { family: 'caching', name: `token ${position}`, kind: 'token', prompt: position, count: 1 };
};
const text = (prompt: number, count: number): CachingTask => {
  const name = `${count} tokens after ${prompt}`;
  return { family: 'caching', name, kind: 'text', prompt, count };
};
const kTasks = [...kPositions.map(token), text(1, 4), text(1, 16), text(1, 64), text(1, 256), text(240, 16)];

/** The result of a call is the tokens that were read and the logits after them, which another way of computing must give bit for bit. */
function check(
  { prompt, count }: CachingTask,
  _: OperandsOf['caching'],
  output: ArrayLike<number>,
  __?: number,
  reference?: (ids: Int32Array) => Float32Array,
) {
  const { vocab } = kCachingShape;
  const read = prompt + count - (count > 1 ? 1 : 0);
  if (output.length !== read + vocab || reference === undefined) return { ok: false, worst: kHopeless };
  const values = Array.from(output);
  const wanted = reference(Int32Array.from(values.slice(0, read))).subarray(-vocab);
  const ok = values.slice(read).every((value, i) => Object.is(value, wanted[i]));
  return { ok, worst: ok ? 0 : kHopeless };
}

/** Seconds of a token at each position, medians. */
function costs({ tasks }: Section, threads: number, row: string) {
  return tasks.flatMap((result) => {
    const { task } = result;
    const lane = result.lanes.find((each) => each.threads === threads && each.row === row);
    if (task.family !== 'caching' || task.kind !== 'token' || !lane || lane.problem !== null) return [];
    const values = speeds(result, lane);
    return values.length === 0 ? [] : [{ position: task.prompt, seconds: 1 / median(values) }];
  });
}

function fitText({ a, b, c, residual }: GrowthFit, longest: number): string {
  const in_ = (unit: number, { value, error }: GrowthFit['a']) =>
    `${(value / unit).toPrecision(3)} ± ${(error / unit).toPrecision(1)}`;
  return [
    `a = ${in_(1e-6, a)} µs`,
    `b = ${in_(1e-9, b)} ns`,
    `c = ${in_(1e-12, c)} ps`,
    `residual ${(residual / 1e-6).toPrecision(2)} µs`,
    `at ${longest} the curve's own exponent is ${exponentAt((t) => predicted({ a, b, c, points: 0, residual }, t), longest / 2).toFixed(2)}`,
  ].join(', ');
}

/** Curves through the measured times, beside what the operation counts say. */
function summary(section: Section): string {
  const lines = [1, 2].flatMap((threads) =>
    (['cached', 'uncached'] as const).flatMap((row) => {
      const points = costs(section, threads, row);
      const fit = fitGrowth(points, 4096);
      const who = `${row === 'cached' ? 'with the cache' : 'without'}, ${threads} thread${threads > 1 ? 's' : ''}`;
      return fit === null ? [] : [`- ${who}: ${fitText(fit, points.at(-1)!.position)}.`];
    }),
  );
  if (lines.length === 0) return '';
  return `
Least squares, seconds of a token = a + b·t + c·t² through the medians (± standard error):

${lines.join('\n')}

Attention's operations grow with t with the cache and with t² without; those of a whole text with t² and t³. The matrices' grow with neither, and with t. So the exponent
of the whole comes from how far each part has come at these positions.
`;
}

const kSpeedUp: Table['targets'] = {};

export const caching: Family<'caching'> = {
  name: 'caching',
  title: 'With a key-value cache and without',
  what: `A model of the committed one's shape (dim 192, 5 layers, 6 query and 3 key heads, vocabulary 2,048; random weights, exact mode, float32). *Token t*: one
token after t others, which the cache holds, or which go through the model again. *n tokens after m*: a whole text with its prompt. Tokens a second; "best peer" is
the same library without the cache, so that the ratio is what the cache brings.`,
  checked: 'The logits after the last token must be those of the whole computation (Lm.logits), bit for bit.',
  unit: 'tokens/s',
  tasks: kTasks,
  shortName: ({ kind, prompt, count }) => (kind === 'token' ? `token-${prompt}` : `text-${prompt}-${count}`),
  work: ({ count }) => 1e9 * count, // figures are in 1e9 a second
  operands: ({ prompt }) => ({ prompt: Int32Array.from({ length: prompt + 1 }, (_, i) => (i * 977 + 31) % 2048) }),
  check,
  web: {
    rows: {
      ours: [
        { role: 'fast', row: 'cached', note: 'with the cache' },
        { role: 'peer', row: 'uncached', note: 'without' },
      ],
    },
    how: {
      ours: 'Decoder and Generation; without the cache the same decoder, emptied before each token, so that all tokens go through it in chunks, as a prompt does',
    },
    note: '',
    tables: webTables(kSpeedUp, kSpeedUp),
  },
  native: { rows: {}, how: {}, note: '', tables: [] },
  limits: [],
  probed: new Set(),
  summary,
};
