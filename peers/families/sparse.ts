// f32 products with weights that are mostly zero.
import { type Family, kFastAndExact, kPeerRow, nativeTables, webTables } from '../family.ts';
import { fill, maskBlocks } from '../random.ts';
import type { SparseTask, Task } from '../types.ts';
import { compare, floatError, productRows } from './compare.ts';
import { operations, shortName } from './gemm.ts';

const isVector = (task: Task) => 'm' in task && task.m === 1;

const kShapes = [
  ['1×1024²', 1, 1024, 1024],
  ['64×784×256', 64, 784, 256],
] as const;

const kTasks = kShapes.flatMap(([name, m, k, n]) =>
  [0.8, 0.9].map((sparsity): SparseTask => {
    return { family: 'sparse', name: `${name}, ${100 * sparsity} %`, m, k, n, sparsity };
  }),
);
const kTargets = Object.fromEntries(kTasks.map(({ name, sparsity }) => [name, sparsity === 0.8 ? 2 : 3]));

export const sparse: Family<'sparse'> = {
  name: 'sparse',
  title: 'Sparse f32 matrix products',
  what: `C[M,N] = A[M,K]·B[K,N] in float32, B constant with 80 or 90 % of its blocks of 1 row × 4 columns zero. GFLOP/s *of the dense product*, so
that twice the figure is half the time.`,
  checked: 'Every library’s result is compared with sums in float64: |error| ≤ 2·K·ε·Σ|ab| in every element.',
  unit: 'GFLOP/s (dense)',
  tasks: kTasks,
  shortName: (task) => `${shortName(task)}-${100 * task.sparsity}`,
  work: operations,
  operands: ({ m, k, n, sparsity }) => {
    const b = fill(k * n, 2);
    maskBlocks(b, sparsity, 4);
    return { a: fill(m * k, 1), b };
  },
  check({ m, k, n }, { a, b }, output) {
    return compare({ rows: m, columns: n, add: productRows({ k, n }, a, b), allowed: floatError(k) }, output);
  },
  web: {
    rows: { ours: kFastAndExact, litert: kPeerRow, ort: kPeerRow, tfjs: kPeerRow },
    how: {
      ours: 'block-sparse, blocks of 1×4',
      litert: 'dense, FULLY_CONNECTED with constant (prepacked) B',
      ort: 'dense, MatMul with constant (prepacked) B',
      tfjs: 'dense, matMul',
    },
    note: 'No browser library has a sparse product of use on the CPU, so the bar is the best dense one with the same weights, zeros included.',
    tables: webTables(kTargets),
  },
  native: {
    rows: {
      ours: kFastAndExact,
      openblas: [
        { role: 'peer', row: 'sgemm', only: (task) => !isVector(task) },
        { role: 'peer', row: 'sgemv', only: isVector },
      ],
      onednn: [{ role: 'peer', row: 'packed', note: 'weights packed beforehand' }],
      eigen: kPeerRow,
    },
    how: { openblas: 'dense', onednn: 'dense', eigen: 'dense' },
    note: 'The peers compute the dense product with the same weights, zeros included.',
    tables: nativeTables({}),
  },
  limits: [],
  probed: new Set(),
};
