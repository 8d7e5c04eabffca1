// A language model with its cache of keys and values and without: the library against itself, position by position.
import { type Family, webTables } from '../family.ts';
import type { CachingTask, OperandsOf } from '../types.ts';
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
    tables: webTables({}),
  },
  native: { rows: {}, how: {}, note: '', tables: [] },
  limits: [],
  probed: new Set(),
};
