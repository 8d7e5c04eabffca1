// f32 convolutions.
import { type Family, kFastAndExact, kPeerRow, nativeTables, webTables } from '../family.ts';
import { fill } from '../random.ts';
import { kRelaxedPeak, kWebContest, underNativeRoofs, underRoof } from './ceilings.ts';
import { compare, floatError } from './compare.ts';
import { geometries, kNames, operations, pixelRows, shortName, sizes } from './conv.ts';

const [kSmall = '', kMiddle = '', kImage = '', kPointwise = ''] = kNames;

const kTargets: Readonly<Record<string, number>> = { [kSmall]: 1.4, [kMiddle]: 1.4, [kImage]: 1.4, [kPointwise]: 1.5 };
const kNativeTarget = 0.95;

export const convF32: Family<'conv-f32'> = {
  name: 'conv-f32',
  title: 'f32 convolutions',
  what: `y = x ∗ weights + bias in float32, stride 1, padded so that height and width stay; a task is named kernel, channels×side²→outputs.
GFLOP/s, a multiply-add counted as two, those with the padding included.`,
  checked: 'Every value is compared with sums in float64: |error| ≤ 2·K·ε·(Σ|xw| + |bias|), K = kernel²·channels + 1.',
  unit: 'GFLOP/s',
  tasks: geometries().map((geometry) => ({ family: 'conv-f32', ...geometry })),
  shortName,
  work: operations,
  operands: (task) => ({
    x: fill(sizes(task).x, 1),
    weights: fill(sizes(task).weights, 2),
    bias: fill(task.outputs, 3),
  }),
  check(task, { x, weights, bias }, output) {
    const products = pixelRows(task, x, weights);
    return compare(
      {
        rows: task.height * task.width,
        columns: task.outputs,
        add(pixel, sum, magnitude) {
          products(pixel, sum, magnitude);
          for (let o = 0; o < bias.length; o++) {
            sum[o]! += bias[o]!;
            magnitude[o]! += Math.abs(bias[o]!);
          }
        },
        allowed: floatError(sizes(task).depth + 1),
      },
      output,
    );
  },
  web: {
    rows: { ours: kFastAndExact, litert: kPeerRow, ort: kPeerRow, tfjs: kPeerRow },
    how: {
      ours: 'weights packed beforehand, NHWC',
      litert: 'CONV_2D with constant weights, NHWC, result left in its memory',
      ort: 'Conv with constant weights, NCHW',
      tfjs: 'fused.conv2d, NHWC, result read back',
    },
    note: 'All hold weights and bias as constants. onnxruntime-web’s operators want NCHW and get it; nobody transposes while the clock runs.',
    tables: webTables(kTargets),
  },
  native: {
    rows: { ours: kFastAndExact, onednn: [{ role: 'peer', row: 'blocked', note: 'its own blocked layouts' }] },
    how: { onednn: 'convolution, all operands in the layouts that it likes best' },
    note: 'oneDNN gets input and weights in its own blocked layouts and leaves the result in one, all reordered while no clock runs.',
    tables: nativeTables(Object.fromEntries(kNames.map((name) => [name, kNativeTarget]))),
  },
  limits: kNames.flatMap((name) => [
    ...underRoof(name, kTargets[name], kRelaxedPeak, kWebContest),
    ...underNativeRoofs(name, kNativeTarget, 'float', ['peer_onednn/blocked']),
  ]),
  probed: new Set(kNames),
};
