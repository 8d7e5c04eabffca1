// A GPT-2 as an ONNX model whose caches of keys and values go in and come out longer. T tokens follow P that are cached.
import { type Affine, type Gpt2, kNormEpsilon } from './gpt2.ts';
import { permuted } from './layout.ts';
import { type Constant, graphModel, kMicrosoft, type OnnxNode, type Tensor } from './onnx.ts';

type Floats = Float32Array<ArrayBuffer>;

/** Of a layer: what goes in and what comes out. */
export const cacheNames = (layer: number) => ({
  past: [`past_k${layer}`, `past_v${layer}`] as const,
  present: [`present_k${layer}`, `present_v${layer}`] as const,
});

/** Nodes and constants as they come, each value with a name of its own. */
class Graph {
  readonly nodes: OnnxNode[] = [];
  readonly constants: Constant[] = [];
  private count = 0;

  name(hint: string): string {
    return `${hint}_${this.count++}`;
  }

  constant(hint: string, type: Constant['type'], shape: readonly number[], values: Constant['values']): string {
    const name = this.name(hint);
    this.constants.push({ name, type, shape, values });
    return name;
  }

  floats(hint: string, shape: readonly number[], values: Floats): string {
    return this.constant(hint, 'f32', shape, values);
  }

  node(type: string, inputs: readonly string[], more: Partial<OnnxNode> = {}): string {
    const outputs = more.outputs ?? [this.name(type.toLowerCase())];
    this.nodes.push({ type, inputs, ...more, outputs });
    return outputs[0]!;
  }
}

/** w[K,N] as round(w/scale[n]), scale[n] = max_k |w| / 127. */
export function roundedColumns(w: Floats, columns: number) {
  const scales = new Float32Array(columns);
  w.forEach((x, i) => (scales[i % columns] = Math.max(scales[i % columns]!, Math.abs(x) / 127)));
  const values = Int8Array.from(w, (x, i) => Math.round(x / scales[i % columns]!));
  return { values, scales };
}

/** x·w + b; `rounded`: w in 8 bits, and x too, with one scale that is found in every run. */
function linear(graph: Graph, x: string, { w, b }: Affine, rounded: boolean): string {
  const [k, n] = [w.length / b.length, b.length];
  const bias = graph.floats('bias', [n], b);
  if (rounded) {
    const { values, scales } = roundedColumns(w, n);
    const inputs = [x, graph.constant('w', 's8', [k, n], values), graph.floats('scale', [n], scales), '', bias];
    return graph.node('DynamicQuantizeMatMul', inputs, { domain: kMicrosoft });
  }
  return graph.node('Add', [graph.node('MatMul', [x, graph.floats('w', [k, n], w)]), bias]);
}

function norm(graph: Graph, x: string, { w, b }: Affine): string {
  const inputs = [x, graph.floats('w', [w.length], w), graph.floats('b', [b.length], b)];
  return graph.node('LayerNormalization', inputs, { attributes: { axis: 2, epsilon: { float: kNormEpsilon } } });
}

/** Constants that say how many of what there are. */
interface Shapes {
  thirds: string;
  heads: string;
  joined: string;
}

/** Of queries, keys and values [1,T,3·D]; the caches grow by T. */
function attention(graph: Graph, { dim, heads }: Gpt2, qkv: string, layer: number, shapes: Shapes): string {
  const { past, present } = cacheNames(layer);
  const size = dim / heads;
  const parts = [graph.name('q'), graph.name('k'), graph.name('v')];
  graph.node('Split', [qkv, shapes.thirds], { outputs: parts, attributes: { axis: 2 } });
  const [q, k, v] = parts.map((part) => {
    const split = graph.node('Reshape', [part, shapes.heads]); // [1,T,H,size]
    return graph.node('Transpose', [split], { attributes: { perm: [0, 2, 1, 3] } });
  }) as [string, string, string];
  graph.node('Concat', [past[0], k], { outputs: [present[0]], attributes: { axis: 2 } });
  graph.node('Concat', [past[1], v], { outputs: [present[1]], attributes: { axis: 2 } });
  const scale = graph.floats('scale', [], Float32Array.of(1 / Math.sqrt(size)));
  const turned = graph.node('Transpose', [present[0]], { attributes: { perm: [0, 1, 3, 2] } });
  const scores = graph.node('Mul', [graph.node('MatMul', [q, turned]), scale]);
  const seen = graph.node('Add', [scores, 'mask']);
  const p = graph.node('Softmax', [seen], { attributes: { axis: 3 } });
  const mixed = graph.node('MatMul', [p, present[1]]);
  const back = graph.node('Transpose', [mixed], { attributes: { perm: [0, 2, 1, 3] } });
  return graph.node('Reshape', [back, shapes.joined]);
}

/**
 * Inputs: ids and places [1,T], both s32; mask [T,P+T], which is added to the scores; past_k0, past_v0 … [1,H,P,size]. Outputs: logits
 * [1,1,V] of the last token; present_k0, present_v0 … [1,H,P+T,size]. `rounded`: matrices in 8 bits.
 */
export function gpt2Onnx(model: Gpt2, rounded: boolean): Uint8Array<ArrayBuffer> {
  const { dim, layers, heads, vocab, positions } = model;
  const graph = new Graph();
  const sizes = (values: number[]) =>
    graph.constant('sizes', 's64', [values.length], BigInt64Array.from(values.map(BigInt)));
  const shapes = {
    thirds: sizes([dim, dim, dim]),
    heads: sizes([1, -1, heads, dim / heads]),
    joined: sizes([1, -1, dim]),
  };
  const tokens = graph.floats('tokens', [vocab, dim], model.tokens);
  const places = graph.floats('places', [positions, dim], model.places);
  let x = graph.node('Add', [graph.node('Gather', [tokens, 'ids']), graph.node('Gather', [places, 'places'])]);
  model.blocks.forEach((block, layer) => {
    const qkv = linear(graph, norm(graph, x, block.attentionNorm), block.qkv, rounded);
    const attended = attention(graph, model, qkv, layer, shapes);
    x = graph.node('Add', [x, linear(graph, attended, block.output, rounded)]);
    const up = linear(graph, norm(graph, x, block.feedForwardNorm), block.up, rounded);
    const active = graph.node('FastGelu', [up], { domain: kMicrosoft });
    x = graph.node('Add', [x, linear(graph, active, block.down, rounded)]);
  });
  const last = graph.node('Gather', [x, graph.constant('minus_one', 's32', [1], Int32Array.of(-1))], {
    attributes: { axis: 1 },
  });
  const classifier = { w: permuted(model.tokens, [vocab, dim], [1, 0]), b: new Float32Array(vocab) };
  const logits = linear(graph, norm(graph, last, model.norm), classifier, rounded);
  graph.node('Identity', [logits], { outputs: ['logits'] });

  const s32 = (name: string, shape: Tensor['shape']): Tensor => ({ name, type: 's32', shape });
  const f32 = (name: string, shape: Tensor['shape']): Tensor => ({ name, type: 'f32', shape });
  const cache = (name: string, tokenCount: string) => f32(name, [1, heads, tokenCount, dim / heads]);
  const each = Array.from({ length: layers }, (_, layer) => cacheNames(layer));
  return graphModel({
    nodes: graph.nodes,
    constants: graph.constants,
    inputs: [
      ...[s32('ids', [1, 'T']), s32('places', [1, 'T']), f32('mask', ['T', 'S'])],
      ...each.flatMap(({ past }) => past.map((name) => cache(name, 'P'))),
    ],
    outputs: [f32('logits', [1, 1, vocab]), ...each.flatMap(({ present }) => present.map((name) => cache(name, 'S')))],
  });
}
