// Integer convolutions: activations of 7 bits, weights of 8, sums of 32.
import { against, type Family, integerTables, kOneRow, kPeerRow, webTables } from '../family.ts';
import { fillActivations, fillWeights } from '../random.ts';
import { kRelaxedInt8Peak, kWebContest, underNativeRoofs, underRoof } from './ceilings.ts';
import { compare, integerError } from './compare.ts';
import { geometries, kNames, operations, pixelRows, shortName, sizes } from './conv.ts';

const kThreeByThree = kNames.filter((name) => name.startsWith('3'));

const kNativeTarget = 0.95;

export const convInt8: Family<'conv-int8'> = {
  name: 'conv-int8',
  title: 'int8 convolutions',
  what: `y = x ∗ weights, x unsigned 7-bit integers (0 … 127), weights signed 8-bit integers, y their sums in 32 bits, stride 1, padded with
zeros so that height and width stay. GOP/s, a multiply-add counted as two, those with the padding included.`,
  checked:
    'Every sum has to be exact; where a library rounds its operands or its result to 8 bits, it may differ by what that rounding explains.',
  unit: 'GOP/s',
  tasks: geometries().map((geometry) => ({ family: 'conv-int8', ...geometry })),
  shortName,
  work: operations,
  operands: (task) => ({ x: fillActivations(sizes(task).x, 1), weights: fillWeights(sizes(task).weights, 2) }),
  check(task, { x, weights }, output, allowed) {
    const expected = { rows: task.height * task.width, columns: task.outputs, add: pixelRows(task, x, weights) };
    return compare({ ...expected, allowed: integerError(allowed) }, output);
  },
  web: {
    rows: {
      ours: kOneRow,
      litert: kPeerRow,
      ort: [
        { role: 'peer', row: 'qlinear', note: 'QLinearConv' },
        { role: 'peer', row: 'integer', note: 'ConvInteger' },
      ],
    },
    how: {
      ours: 'weights packed beforehand, NHWC',
      litert:
        'CONV_2D with int8 weights and float activations, which it quantizes in every call (its own name: dynamic range)',
      ort: 'QLinearConv, u8 × s8 → u8, and ConvInteger, u8 × s8 → s32; constant weights, NCHW',
    },
    note: `QLinearConv rounds its sums to 8 bits, ConvInteger doesn't; LiteRT.js rounds its activations and gives floats. TensorFlow.js has no
integer convolutions on the CPU.`,
    tables: webTables({}),
  },
  native: {
    rows: { ours: kOneRow, onednn: [{ role: 'peer', row: 'blocked', note: 'its own blocked layouts' }] },
    how: { onednn: 'convolution, u8 · s8 → s32, all operands in the layouts that it likes best' },
    note: `oneDNN gets its operands in its own blocked layouts and leaves the result in one, all reordered while no clock runs. Where the CPU has
AMX, a unit for whole matrices, oneDNN uses it and ours doesn't: the last table shows that, the one before leaves it out.`,
    tables: integerTables(Object.fromEntries(kNames.map((name) => [name, kNativeTarget]))),
  },
  limits: [
    ...kThreeByThree.map((name) => against('ort', name, 2, { row: 'qlinear', label: 'onnxruntime-web’s QLinearConv' })),
    ...kNames.flatMap((name) => [
      ...underRoof(name, undefined, kRelaxedInt8Peak, kWebContest),
      ...underNativeRoofs(name, kNativeTarget, 'int8', ['peer_onednn/blocked']),
    ]),
  ],
  probed: new Set(kNames),
};
