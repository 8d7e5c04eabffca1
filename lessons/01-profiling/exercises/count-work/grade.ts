import { defineGrader, expectExplained, type Fault, type Kernel } from '#lab/grading/author.ts';
import {
  bytesOf,
  countAttention,
  countConv,
  countLinear,
  flopsOf,
  type AttentionShape,
  type ConvShape,
  type Counted,
} from '../../counted.ts';

type Params = {
  layer: string;
  rows?: number;
  inputs?: number;
  outputs?: number;
  bias?: number;
  shape?: number[];
  ask?: string;
};

const kBatch = "That is one example's: the whole batch counts.";
const kHalf = 'That has a multiply-add as one operation: it is two, a product and a sum.';
const kElements = 'Those are numbers, not bytes: a float has 4 of them.';
const kCopies = 'That reads the weights anew for each example: one copy serves the whole batch.';

/** What mistakes with FLOPs have in common. */
function flopFaults(count: Counted, batch: number, biases: number): Fault[] {
  const all = flopsOf(count, batch);
  return [
    [all / batch, kBatch],
    [all - batch * biases, 'That leaves out the bias: one more addition for each result.'],
    [all + batch * biases, 'That adds the bias twice.'],
    [all - batch * count.multiplications, kHalf],
    [batch * count.multiplications, kHalf],
    [all / batch - biases, "That is one example's, and without the bias."],
  ];
}

function byteFaults(count: Counted, batch: number): Fault[] {
  const names = [...Object.keys(count.perExample), ...Object.keys(count.shared)];
  const without = (leave: string[]): Fault => [
    bytesOf(count, batch, leave),
    `That leaves out ${leave.join(' and ')}: whatever takes part is read or written once.`,
  ];
  return [
    [bytesOf(count, batch) / 4, kElements],
    [bytesOf(count, 1), kBatch],
    [bytesOf(count, batch, [], batch), kCopies],
    ...names.map((name) => without([name])),
    ...names.flatMap((a, i) => names.slice(i + 1).map((b) => without([a, b]))),
    ...names
      .filter((name) => (count.perExample[name] ?? count.shared[name]) !== 0)
      .map((name): Fault => {
        const others = names.filter((other) => other !== name);
        return [bytesOf(count, batch, others), `That is ${name} only: add ${others.join(', ')}.`];
      }),
  ];
}

function checkLinear(kernel: Kernel, { rows = 1, inputs = 1, outputs = 1, bias = 0 }: Params): void {
  const count = countLinear({ inputs, outputs, bias });
  const args = [rows, inputs, outputs, bias];
  const text = `(${args.join(', ')})`;
  expectExplained(`linear_flops${text}`, kernel.call('linear_flops', ...args), flopsOf(count, rows), () =>
    flopFaults(count, rows, count.shared['bias'] ?? 0),
  );
  expectExplained(`linear_bytes${text}`, kernel.call('linear_bytes', ...args), bytesOf(count, rows), () =>
    byteFaults(count, rows),
  );
}

/** In the order of the function's parameters. */
const kConvNames = [
  ...(['batch', 'height', 'width', 'channels', 'outputs', 'kernel'] as const),
  ...(['stride', 'padding', 'dilation', 'groups', 'bias'] as const),
];

function convFaults(shape: ConvShape, value: (shape: ConvShape) => number): Fault[] {
  const other = (change: Partial<ConvShape>, sentence: string): Fault[] => {
    const changed = { ...shape, ...change };
    const reach = changed.dilation * (changed.kernel - 1);
    const fits = [changed.height, changed.width].every((extent) => extent + 2 * changed.padding > reach);
    return fits ? [[value(changed), sentence]] : [];
  };
  return [
    ...other({ groups: 1 }, 'That ignores the groups: an output channel sees only channels / groups of the inputs.'),
    ...other({ stride: 1 }, 'That ignores the stride: windows begin every `stride` pixels.'),
    ...other({ padding: 0 }, 'That ignores the padding, which lets more windows fit.'),
    ...other({ dilation: 1 }, 'That ignores the dilation: a window reaches over dilation · (kernel − 1) + 1 pixels.'),
  ];
}

function checkConv(kernel: Kernel, { shape: args = [], ask }: Params): void {
  const shape = Object.fromEntries(kConvNames.map((name, i) => [name, args[i] ?? 1])) as unknown as ConvShape;
  const { batch } = shape;
  const text = `(${kConvNames.map((name, i) => `${name} ${args[i]}`).join(', ')})`;
  const count = countConv(shape);
  if (ask !== 'bytes') {
    const got = kernel.call('conv2d_flops', ...args);
    expectExplained(`conv2d_flops${text}`, got, flopsOf(count, batch), () => [
      ...flopFaults(count, batch, shape.bias * (count.perExample['y'] ?? 0)),
      ...convFaults(shape, (other) => flopsOf(countConv(other), batch)),
    ]);
  }
  if (ask !== 'flops') {
    const image = shape.height * shape.width * shape.channels;
    const unseen = image - (count.perExample['x'] ?? 0);
    const windows = ((count.perExample['y'] ?? 0) / shape.outputs) * shape.kernel ** 2 * shape.channels;
    const exact = bytesOf(count, batch);
    expectExplained(`conv2d_bytes${text}`, kernel.call('conv2d_bytes', ...args), exact, () => [
      [exact + 4 * batch * unseen, 'That reads all pixels: here are some that no window touches.'],
      [exact + 4 * batch * (windows - image + unseen), 'That reads overlapping windows anew: each pixel counts once.'],
      ...byteFaults(count, batch),
      ...convFaults(shape, (other) => bytesOf(countConv(other), batch)),
    ]);
  }
}

function checkAttention(kernel: Kernel, { shape: args = [] }: Params): void {
  const [batch = 1, queries = 1, keys = 1, heads = 1, keyHeads = 1, size = 1, causal = 0] = args;
  const shape: AttentionShape = { batch, queries, keys, heads, keyHeads, size, causal };
  const count = countAttention(shape);
  const text = `(batch ${batch}, queries ${queries}, keys ${keys}, heads ${heads}, key_heads ${keyHeads}, size ${size}, causal ${causal})`;
  const exact = flopsOf(count, batch);
  const rows = batch * heads * queries;
  expectExplained(`attention_flops${text}`, kernel.call('attention_flops', ...args), exact, () => [
    [exact - 15 * rows, 'That leaves out the 15 additions for each query that join the 16 parts of its sum.'],
    [exact - size * rows, 'That leaves out the division of the results by the sum: `size` for each query.'],
    [exact - (15 + size) * rows, 'That leaves out what each query does once: the division, and joining its sum.'],
    [(exact / heads) * keyHeads, 'Every *query* head computes; they only share what they read.'],
    [exact / heads, "That is one head's."],
    [
      flopsOf(countAttention({ ...shape, causal: 0 }), batch),
      'That lets every query see all keys: a causal one sees none of those after it.',
    ],
    ...(keys > queries
      ? ([
          [
            flopsOf(countAttention({ ...shape, keys: queries }), batch),
            'The first query stands behind earlier keys here: the last one sees all.',
          ],
        ] satisfies Fault[])
      : []),
    ...flopFaults(count, batch, 0),
  ]);
  const bytes = bytesOf(count, batch);
  const unshared = bytesOf(countAttention({ ...shape, keyHeads: heads }), batch);
  expectExplained(`attention_bytes${text}`, kernel.call('attention_bytes', ...args), bytes, () => [
    [unshared, 'That reads keys and values for every query head: heads of a group share theirs, `key_heads` in all.'],
    [bytes + 4 * batch * heads * queries * keys, 'That has the scores too: nobody needs to keep them.'],
    [bytes + 8 * batch * heads * queries * keys, 'That has the scores too: nobody needs to keep them.'],
    ...byteFaults(count, batch),
  ]);
}

const kChecks: Record<string, (kernel: Kernel, params: Params) => void> = {
  linear: checkLinear,
  conv2d: checkConv,
  attention: checkAttention,
};

export default defineGrader<Params>({
  run(kernel, params) {
    const check = kChecks[params.layer];
    if (check === undefined) throw new Error(`exercise.json has a layer '${params.layer}'`);
    check(kernel, params);
  },
});
