// f32 matrix products.
import { type Family, kFastAndExact, kPeerRow, nativeTables, webTables } from '../family.ts';
import { fill } from '../random.ts';
import type { Task } from '../types.ts';
import { compare, floatError, productRows } from './compare.ts';
import { kLimits, kNativeTargets, kWebTargets } from './gemm-f32-limits.ts';
import { operations, type Shape, shortName } from './gemm.ts';

const kShapes: readonly Shape[] = [
  ['128³', 128, 128, 128],
  ['256³', 256, 256, 256],
  ['512³', 512, 512, 512],
  ['1024³', 1024, 1024, 1024],
  ['64×784×256', 64, 784, 256],
  ['1×512²', 1, 512, 512],
  ['1×1024²', 1, 1024, 1024],
  ['1×2048²', 1, 2048, 2048],
];

/** A vector goes through other calls of OpenBLAS than a matrix. */
const isVector = (task: Task) => 'm' in task && task.m === 1;

export const gemmF32: Family<'gemm-f32'> = {
  name: 'gemm-f32',
  title: 'f32 matrix products',
  what: 'C[M,N] = A[M,K]·B[K,N] in float32, B constant. GFLOP/s, a multiply-add counted as two.',
  checked:
    'Every library’s result is compared with sums in float64: |error| ≤ 2·K·ε·Σ|ab| in every element, or its cell says so and it is no peer.',
  unit: 'GFLOP/s',
  tasks: kShapes.map(([name, m, k, n]) => ({ family: 'gemm-f32', name, m, k, n })),
  shortName,
  work: operations,
  operands: ({ m, k, n }) => ({ a: fill(m * k, 1), b: fill(k * n, 2) }),
  check({ m, k, n }, { a, b }, output) {
    return compare({ rows: m, columns: n, add: productRows({ k, n }, a, b), allowed: floatError(k) }, output);
  },
  web: {
    rows: { ours: kFastAndExact, litert: kPeerRow, ort: kPeerRow, tfjs: kPeerRow },
    how: {
      ours: 'B packed beforehand',
      litert: 'FULLY_CONNECTED with constant (prepacked) B, result left in its memory',
      ort: 'MatMul with constant (prepacked) B',
      tfjs: 'matMul, result read back',
    },
    note: `All four hold B as a constant, packed before the clock starts. onnxruntime-web copies A in and C out in every call and
TensorFlow.js copies C out, because their interfaces have no other way; LiteRT.js and OptLab leave C in WebAssembly memory, where
JavaScript can read it.

The targets are ratios from another CPU (AMD Zen 3), on which the peers stood farther below the relaxed-SIMD peak. Where a rotation measured the
peak, the last table says what ratio no kernel could exceed on this machine; a product with a vector is bound by reading B (two FLOPs for
four bytes), which all libraries do at much the same rate once B has left the second-level cache.`,
    tables: webTables(kWebTargets),
  },
  native: {
    rows: {
      ours: [...kFastAndExact, { role: 'extra', row: 'fast_prepacked', note: 'fast, weights packed beforehand' }],
      openblas: [
        { role: 'peer', row: 'sgemm', only: (task) => !isVector(task) },
        { role: 'peer', row: 'sgemv', only: isVector },
      ],
      onednn: [
        { role: 'peer', row: 'plain' },
        { role: 'extra', row: 'packed', note: 'weights packed beforehand' },
      ],
      eigen: kPeerRow,
    },
    how: {},
    note: `The first table holds all libraries to AVX2 and FMA, the second lets each use what it can of this CPU. Weights packed
beforehand are shown for the two libraries that can, but don't count for the ratio: in the others' interfaces B is an operand like A.

Where a target is missed: the register tile's loop is at the limit of the ports (30 instructions and, by llvm-mca's model of Golden Cove, 6.14
cycles for 12 multiply-adds, of which two start a cycle; src/gemm/instructions.json keeps the counts). What is left is around it: packing B
(compare the column with weights packed), edges (128 = 21·6 + 2 rows), and C, whose rows lie 4 KiB apart at
1024³. oneDNN compiles a kernel for each shape when it is called; ours are compiled once.`,
    tables: nativeTables(kNativeTargets),
  },
  limits: kLimits,
  probed: new Set(kShapes.map(([name]) => name)),
};
