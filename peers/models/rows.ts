// Row operations as ONNX models.
import type { OperandsOf, RowsTask } from '../types.ts';
import { graphModel, kMicrosoft, type OnnxNode } from './onnx.ts';

const kEpsilon = { float: 1e-5 };

/** y[M,N] = operation(x[M,N]) with constant weights. GELU is the one with tanh, which ONNX Runtime calls fast. */
export function rowsModel({ operation, rows, columns }: RowsTask, { weight, bias }: OperandsOf['rows']) {
  const vector = (name: string, values: Float32Array<ArrayBuffer>) => {
    return { name, type: 'f32' as const, shape: [columns], values };
  };
  const [w, b] = [vector('w', weight), vector('b', bias)];
  const outputs = ['y'];
  const normalize = { axis: 1, epsilon: kEpsilon };
  const kinds = {
    softmax: { nodes: [{ type: 'Softmax', inputs: ['x'], outputs, attributes: { axis: 1 } }], constants: [] },
    gelu: { nodes: [{ type: 'FastGelu', domain: kMicrosoft, inputs: ['x'], outputs }], constants: [] },
    layer_norm: {
      nodes: [{ type: 'LayerNormalization', inputs: ['x', 'w', 'b'], outputs, attributes: normalize }],
      constants: [w, b],
    },
    rms_norm: {
      nodes: [{ type: 'SimplifiedLayerNormalization', inputs: ['x', 'w'], outputs, attributes: normalize }],
      constants: [w],
    },
  } satisfies Record<RowsTask['operation'], { nodes: OnnxNode[]; constants: object[] }>;
  const shape = [rows, columns];
  return graphModel({
    ...kinds[operation],
    inputs: [{ name: 'x', type: 'f32', shape }],
    outputs: [{ name: 'y', type: 'f32', shape }],
  });
}
