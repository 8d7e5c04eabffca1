// Scaled dot-product attention: a whole sequence, a prompt, a step of generation, and fewer key heads than query heads.
import { type Family, kFastAndExact, kPeerRow, nativeTables, webTables } from '../family.ts';
import { fill } from '../random.ts';
import type { AttentionTask } from '../types.ts';
import { compare } from './compare.ts';

type Shape = Omit<AttentionTask, 'family' | 'name'> & { kind: string; short: string };

const kShapes: readonly Shape[] = [
  { kind: 'full', short: 'full-256', queries: 256, keys: 256, heads: 6, keyHeads: 6, size: 64, causal: false },
  { kind: 'causal', short: 'causal-512', queries: 512, keys: 512, heads: 6, keyHeads: 6, size: 64, causal: true },
  { kind: 'one query', short: 'one-256', queries: 1, keys: 256, heads: 6, keyHeads: 6, size: 64, causal: false },
  { kind: 'one query', short: 'one-2048', queries: 1, keys: 2048, heads: 6, keyHeads: 6, size: 64, causal: false },
  { kind: 'causal', short: 'grouped-256', queries: 256, keys: 256, heads: 8, keyHeads: 2, size: 32, causal: true },
];

/** "causal, 512×512, 6·64"; with fewer key heads "8/2·32". */
function nameOf({ kind, queries, keys, heads, keyHeads, size }: Shape): string {
  return `${kind}, ${queries}×${keys}, ${heads}${keyHeads < heads ? `/${keyHeads}` : ''}·${size}`;
}

const kTasks = kShapes.map(({ kind, short, ...shape }): AttentionTask => {
  return { family: 'attention', name: nameOf({ kind, short, ...shape }), ...shape };
});
const kShortNames = new Map(kTasks.map(({ name }, i) => [name, kShapes[i]!.short]));

/** Keys that query t sees. */
const seen = ({ queries, keys, causal }: AttentionTask, t: number) => (causal ? keys - queries + t + 1 : keys);

function pairs(task: AttentionTask): number {
  let count = 0;
  for (let t = 0; t < task.queries; t++) count += seen(task, t);
  return count * task.heads;
}

const kEpsilon = 2 ** -24;

export const attention: Family<'attention'> = {
  name: 'attention',
  title: 'Attention',
  what: `O = softmax(Q·Kᵀ/√D)·V in float32; a task is named queries×keys, heads·D (query heads/key heads·D). GFLOP/s: 4·D for every pair of a query
and a key *that it sees*, exponentials not counted.`,
  checked: `Every value is compared with sums in float64: |error| ≤ 2·ε·(4·(D+2)·σ + 5·S + 32)·Σp|v|/Σp, σ the largest Σ|qk|/√D of the query
(src/attention/attention.h).`,
  unit: 'GFLOP/s',
  tasks: kTasks,
  shortName: ({ name }) => kShortNames.get(name) ?? name,
  work: (task) => 4 * task.size * pairs(task),
  operands: ({ queries, keys, heads, keyHeads, size }) => ({
    q: fill(queries * heads * size, 1).map((x) => 2 * x),
    k: fill(keys * keyHeads * size, 2).map((x) => 2 * x),
    v: fill(keys * keyHeads * size, 3),
  }),
  check(task, { q, k, v }, output) {
    const { queries, keys, heads, keyHeads, size } = task;
    const weights = new Float64Array(keys);
    return compare(
      {
        rows: queries * heads,
        columns: size,
        /** Row t·H + h of O; `magnitude` is the error that is allowed. */
        add(row, sum, magnitude) {
          const [t, h] = [Math.floor(row / heads), row % heads];
          const g = Math.floor(h / (heads / keyHeads));
          const count = seen(task, t);
          let largest = -Infinity;
          let sigma = 0;
          for (let s = 0; s < count; s++) {
            let [score, absolute] = [0, 0];
            for (let d = 0; d < size; d++) {
              const product = q[row * size + d]! * k[(s * keyHeads + g) * size + d]!;
              score += product;
              absolute += Math.abs(product);
            }
            weights[s] = score / Math.sqrt(size);
            largest = Math.max(largest, weights[s]!);
            sigma = Math.max(sigma, absolute / Math.sqrt(size));
          }
          let total = 0;
          for (let s = 0; s < count; s++) {
            const p = Math.exp(weights[s]! - largest);
            total += p;
            for (let d = 0; d < size; d++) {
              const product = p * v[(s * keyHeads + g) * size + d]!;
              sum[d]! += product;
              magnitude[d]! += Math.abs(product);
            }
          }
          const bound = 2 * kEpsilon * (4 * (size + 2) * sigma + 5 * count + 32);
          for (let d = 0; d < size; d++) {
            sum[d]! /= total;
            magnitude[d]! *= bound / total;
          }
        },
        allowed: (magnitude) => magnitude,
      },
      output,
    );
  },
  web: {
    rows: {
      ours: kFastAndExact,
      litert: kPeerRow,
      ort: [
        { role: 'peer', row: 'graph', note: 'a graph of products and softmax' },
        { role: 'peer', row: 'fused', note: 'its fused operator' },
      ],
      tfjs: kPeerRow,
    },
    how: {
      ours: 'Q, K, V [tokens, heads, D]; K of a cache in panels',
      litert: 'MUL, BATCH_MATMUL, ADD of a mask, SOFTMAX, BATCH_MATMUL; result left in its memory',
      ort: 'Mul, MatMul, Add of a mask, Softmax, MatMul; and MultiHeadAttention or GroupQueryAttention (com.microsoft)',
      tfjs: 'mul, matMul, add of a mask, softmax, matMul; result read back',
    },
    note: `The graphs get their operands head by head, K and V repeated for every query head, all before the clock starts. None of them knows a causal
mask: they compute the hidden half too and add a mask to it. With one query, K and V are a cache, so the models hold them as constants, which
nobody copies; otherwise onnxruntime-web copies Q, K and V in, and O out, in every call.`,
    tables: webTables({}),
  },
  native: {
    rows: { ours: kFastAndExact, onednn: kPeerRow, eigen: kPeerRow },
    how: {
      ours: 'K of a cache in panels',
      onednn: 'matmul, binary addition of a mask, softmax, matmul; operands head by head',
      eigen: 'head by head: product, softmax row by row, product',
    },
    note: 'oneDNN gets its operands head by head, K and V once for every key head, and adds a mask where it is causal; Eigen does likewise.',
    tables: nativeTables({}),
  },
  limits: [],
  probed: new Set(),
};
