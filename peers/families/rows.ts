// What a transformer does between its products: softmax, normalizations, GELU.
import { type Family, kPeerRow, nativeTables, webTables } from '../family.ts';
import { fill } from '../random.ts';
import type { RowsTask } from '../types.ts';
import { compare } from './compare.ts';

const kShapes: readonly (readonly [label: string, operation: RowsTask['operation'], rows: number, columns: number])[] =
  [
    ['softmax', 'softmax', 6 * 256, 256],
    ['RMSNorm', 'rms_norm', 256, 384],
    ['LayerNorm', 'layer_norm', 256, 384],
    ['GELU', 'gelu', 256, 1536],
  ];
const kEpsilon = 2 ** -24;
const kNormEpsilon = 1e-5;

type Row = ArrayLike<number>;
/** y of a row in float64, and in `magnitude` the error that is allowed. */
type Definition = (x: Row, weight: Row, bias: Row, y: Float64Array, magnitude: Float64Array) => void;

const kDefinitions: Readonly<Record<RowsTask['operation'], Definition>> = {
  softmax(x, _weight, _bias, y, magnitude) {
    const values = Array.from(x);
    const largest = Math.max(...values);
    const powers = values.map((value) => Math.exp(value - largest));
    const total = powers.reduce((sum, power) => sum + power, 0);
    powers.forEach((power, i) => {
      y[i] = power / total;
      magnitude[i] = kEpsilon * (values.length + 64) * y[i]!;
    });
  },
  rms_norm(x, weight, _bias, y, magnitude) {
    const values = Array.from(x);
    const mean = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    values.forEach((value, i) => {
      y[i] = (value / Math.sqrt(mean + kNormEpsilon)) * weight[i]!;
      magnitude[i] = kEpsilon * (values.length + 16) * Math.abs(y[i]!);
    });
  },
  layer_norm(x, weight, bias, y, magnitude) {
    const values = Array.from(x);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const absolute = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const scale = 1 / Math.sqrt(variance + kNormEpsilon);
    values.forEach((value, i) => {
      y[i] = (value - mean) * scale * weight[i]! + bias[i]!;
      const size = (Math.abs(value) + absolute) * scale * Math.abs(weight[i]!) + Math.abs(bias[i]!);
      magnitude[i] = kEpsilon * (values.length + 16) * size;
    });
  },
  gelu(x, _weight, _bias, y, magnitude) {
    for (let i = 0; i < x.length; i++) {
      const value = x[i]!;
      y[i] = (value / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3)));
      magnitude[i] = 64 * kEpsilon * Math.abs(value);
    }
  },
};

export const rows: Family<'rows'> = {
  name: 'rows',
  title: 'Row operations',
  what: `Softmax, RMSNorm, LayerNorm and GELU (by tanh) of X[M,N] in float32, row by row or element by element. 1e9 elements a second.`,
  checked: `Every value is compared with float64: |error| ≤ ε·(N + 64)·|y| for softmax, ε·(N + 16) times the terms' absolute values for the
normalizations, 64·ε·|x| for GELU.`,
  unit: 'G elements/s',
  tasks: kShapes.map(([label, operation, m, n]) => {
    return { family: 'rows', name: `${label}, ${m}×${n}`, operation, rows: m, columns: n };
  }),
  shortName: ({ operation, rows: m, columns: n }) => `${operation}-${m}x${n}`,
  work: ({ rows: m, columns: n }) => m * n,
  operands: ({ rows: m, columns: n }) => ({
    x: fill(m * n, 1).map((x) => 4 * x),
    weight: fill(n, 2),
    bias: fill(n, 3),
  }),
  check({ operation, rows: m, columns: n }, { x, weight, bias }, output) {
    return compare(
      {
        rows: m,
        columns: n,
        add: (i, sum, magnitude) =>
          kDefinitions[operation](x.subarray(i * n, (i + 1) * n), weight, bias, sum, magnitude),
        allowed: (magnitude) => magnitude,
      },
      output,
    );
  },
  web: {
    rows: {
      ours: [{ role: 'fast', row: 'exact', note: '' }],
      ort: kPeerRow,
      tfjs: [{ role: 'peer', row: '-', only: isSoftmax }],
    },
    how: {
      ours: 'exact: there are no other rungs',
      ort: 'Softmax, SimplifiedLayerNormalization, LayerNormalization, FastGelu (com.microsoft)',
      tfjs: 'softmax, result read back; it has no operator of its own for the others',
    },
    note: 'These are bound by memory as soon as nobody fuses them with a neighbour. onnxruntime-web copies X in and Y out in every call, because its interface has no other way.',
    tables: webTables({}),
  },
  native: {
    rows: {
      ours: [{ role: 'fast', row: 'exact', note: '' }],
      onednn: [{ role: 'peer', row: '-', only: (task) => !('operation' in task && task.operation === 'rms_norm') }],
    },
    how: { ours: 'exact: there are no other rungs', onednn: 'softmax, layer normalization, eltwise gelu_tanh' },
    note: 'oneDNN 2.6 has no RMSNorm.',
    tables: nativeTables({}),
  },
  limits: [],
  probed: new Set(),
};

function isSoftmax(task: object): boolean {
  return 'operation' in task && task.operation === 'softmax';
}
