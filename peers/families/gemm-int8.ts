// Integer matrix products: activations of 7 bits, weights of 8, sums of 32.
import { against, type Family, integerTables, kOneRow, kPeerRow, webTables } from '../family.ts';
import { fillActivations, fillWeights } from '../random.ts';
import { kRelaxedInt8Peak, kWebContest, readRoof, underNativeRoofs, underRoof } from './ceilings.ts';
import { compare, integerError, productRows } from './compare.ts';
import { operations, type Shape, shortName } from './gemm.ts';

const kShapes: readonly Shape[] = [
  ['512³', 512, 512, 512],
  ['1024³', 1024, 1024, 1024],
  ['64×784×256', 64, 784, 256],
  ['1×1024²', 1, 1024, 1024],
  ['1×2048²', 1, 2048, 2048],
];

const kNativeTarget = 0.95;
/** The peer that a target speaks of. */
const kBars: Readonly<Record<string, { target: number; peer: string }>> = {
  '512³': { target: 1.9, peer: 'ort/1/-' },
  '1024³': { target: 1.9, peer: 'ort/1/-' },
  '64×784×256': { target: 1.8, peer: 'ort/1/-' },
  '1×1024²': { target: 1.5, peer: 'litert/1/-' },
  '1×2048²': { target: 1.5, peer: 'litert/1/-' },
};
const kOrt = { label: 'onnxruntime-web' };

export const gemmInt8: Family<'gemm-int8'> = {
  name: 'gemm-int8',
  title: 'int8 matrix products',
  what: `C[M,N] = A[M,K]·B[K,N], A unsigned 7-bit integers (0 … 127), B signed 8-bit integers and constant, C their sums in 32 bits. GOP/s,
a multiply-add counted as two.`,
  checked:
    'Every sum has to be exact; where a library rounds its operands or its result to 8 bits, it may differ by what that rounding explains.',
  unit: 'GOP/s',
  tasks: kShapes.map(([name, m, k, n]) => ({ family: 'gemm-int8', name, m, k, n })),
  shortName,
  work: operations,
  operands: ({ m, k, n }) => ({ a: fillActivations(m * k, 1), b: fillWeights(k * n, 2) }),
  check({ m, k, n }, { a, b }, output, allowed) {
    return compare({ rows: m, columns: n, add: productRows({ k, n }, a, b), allowed: integerError(allowed) }, output);
  },
  web: {
    rows: { ours: [...kOneRow, { role: 'extra', row: 'f32', note: 'f32 fast' }], litert: kPeerRow, ort: kPeerRow },
    how: {
      ours: 'B packed beforehand; f32: the same integers as float32',
      litert:
        'FULLY_CONNECTED with int8 weights and float activations, which it quantizes in every call (its own name: dynamic range)',
      ort: 'MatMulInteger, u8 × constant s8 → s32',
    },
    note: `LiteRT.js takes and gives no int8 tensors in JavaScript, so it gets its activations as floats, quantizes each row of them to 8
bits in every call, and gives floats. TensorFlow.js has no integer products on the CPU.`,
    tables: webTables({}),
  },
  native: {
    rows: {
      ours: kOneRow,
      onednn: [
        { role: 'peer', row: 'plain' },
        { role: 'peer', row: 'packed', note: 'weights packed beforehand' },
      ],
    },
    how: { ours: 'weights packed beforehand', onednn: 'matmul, u8 · s8 → s32' },
    note: `oneDNN is the only one of the native libraries with integer products. Ours has its weights packed, so both of oneDNN’s ways count.
Where the CPU has AMX, a unit for whole matrices, oneDNN uses it and ours doesn't: the last table shows that, the one before leaves it out.`,
    tables: integerTables(Object.fromEntries(kShapes.map(([name]) => [name, kNativeTarget]))),
  },
  limits: [
    against('ort', '512³', 1.9, kOrt),
    against('ort', '1024³', 1.9, kOrt),
    against('ort', '1024³', 1.8, { ...kOrt, threads: 2 }),
    against('ort', '64×784×256', 1.8, kOrt),
    against('litert', '1×1024²', 1.5, { label: 'LiteRT.js' }),
    against('litert', '1×2048²', 1.5, { label: 'LiteRT.js' }),
    {
      shape: '1024³',
      what: 'int8 ÷ our own f32, one thread',
      target: 1.7,
      samples: ({ lane }) => [lane('ours/1/fast'), lane('ours/1/f32')],
      value: ([int8 = NaN, f32 = NaN]) => int8 / f32,
    },
    ...kShapes.flatMap(([name, m, k, n]) => [
      ...underRoof(name, kBars[name]!.target, m === 1 ? readRoof(k * n, 1) : kRelaxedInt8Peak, {
        ...kWebContest,
        peers: [kBars[name]!.peer],
      }),
      ...(m === 1 ? [] : underNativeRoofs(name, kNativeTarget, 'int8', ['peer_onednn/plain', 'peer_onednn/packed'])),
    ]),
  ],
  probed: new Set(kShapes.map(([name]) => name)),
};
