// OptLab itself: the relaxed-SIMD links, which hold the exact rungs too.
import type { VariantInfo } from '#lab/types.ts';
import type { AttentionTask, ConvTask, Loaded, OperandsOf, Peak, Prepared, RowsTask, WebPeer } from '../types.ts';
import { caching } from './ours-caching.ts';
import { decoding } from './ours-decode.ts';
import { train } from './ours-training.ts';

/** Of the normalizations. */
const kEpsilon = 1e-5;

interface Handle {
  delete(): void;
}
interface Tensor extends Handle {
  view(): Float32Array;
}
interface Probe extends Handle {
  step(): boolean;
  peaks(): Peak[];
}
interface Geometry {
  height: number;
  width: number;
  channels: number;
  outputs: number;
  kernelHeight: number;
  kernelWidth: number;
  stride: number;
  padding: number;
  dilation: number;
  groups: number;
}
/** What a product or convolution with constant weights is to JavaScript. */
interface Operation<Input, Output> extends Handle {
  input(): Input;
  run(): void;
  output(): Output;
}
interface Module {
  Tensor: new (rows: number, columns: number) => Tensor;
  RooflineProbe: new (seconds: number) => Probe;
  buildInfo(): { version: string; build: string; isa: string };
  setThreads(threads: number): number;
  PackedMatrix: new (b: Tensor, variant: string) => Handle;
  gemmMultiplyPacked(a: Tensor, b: Handle, c: Tensor): void;
}
/** What not every build has (yet). */
interface Exports {
  /** The dispatcher's choice for activations of so many bits. */
  bestInt8(activationBits: number): string;
  Int8Product: new (
    m: number,
    k: number,
    n: number,
    a: Uint8Array,
    b: Int8Array,
    variant: string,
  ) => Omit<Operation<Uint8Array, Int32Array>, 'input'>;
  /** `variant`: a rung, or the dispatcher's choice of a mode. */
  Convolution: new (
    geometry: Geometry,
    weights: Float32Array,
    bias: Float32Array,
    variant: string,
  ) => Operation<Float32Array, Float32Array>;
  Int8Convolution: new (geometry: Geometry, weights: Int8Array, variant: string) => Operation<Uint8Array, Int32Array>;
  attentionVariants(): VariantInfo[];
  attend(q: Tensor, k: Tensor, v: Tensor, out: Tensor, settings: object, variant: string): void;
  PackedKeys: new (k: Tensor, keyHeads: number) => Handle;
  attendPacked(q: Tensor, k: Handle, v: Tensor, out: Tensor, settings: object, variant: string): void;
  rowVariants(): VariantInfo[];
  rowOperation(operation: string, variant: string, x: Tensor, weights: Tensor | null, epsilon: number, y: Tensor): void;
  sparseVariants(): VariantInfo[];
  SparseMatrix: new (b: Tensor, format: string, variant: string) => Handle;
  sparseMultiply(a: Tensor, b: Handle, c: Tensor): void;
}

/** The rung that each row of f32 products measures, at one thread and at several. */
const kRungs: Readonly<Record<string, readonly [string, string]>> = {
  fast: ['relaxed', 'relaxed_threads'],
  exact: ['simd', 'simd_threads'],
};

let module: Module & Partial<Exports>;
let threads = 1;

async function load(wanted: number): Promise<Loaded> {
  const url = `/optlab/wasm-relaxed${wanted > 1 ? '-threads' : ''}/src/bindings/peers.mjs`;
  const { default: create } = (await import(url)) as { default: (options: object) => Promise<Module> };
  module = await create({ threads: wanted });
  threads = module.setThreads(wanted);
  const { version, build, isa } = module.buildInfo();
  return { threads, details: `${version}, build ${build}, ${isa}` };
}

/** Some of the module's exports; a build without them says so. */
function need<Name extends keyof Exports>(...names: Name[]): Pick<Exports, Name> {
  const missing = names.filter((name) => typeof module[name] !== 'function');
  if (missing.length > 0) throw new Error(`this build has no ${missing.join(', ')}`);
  return module as Exports;
}

/** The ladder's last rung of the row's mode for this number of threads. */
function choose(ladder: readonly VariantInfo[], row: string): string {
  const fits = ({ mode, threaded, supported }: VariantInfo) => supported && mode === row && threaded === threads > 1;
  const name = ladder.findLast(fits)?.name;
  if (name !== undefined) return name;
  const known = ladder.map((variant) => variant.name).join(', ');
  throw new Error(`no ${row} rung for ${threads} thread${threads > 1 ? 's' : ''} among ${known}`);
}

function tensor(rows: number, columns: number, values?: Float32Array): Tensor {
  const made = new module.Tensor(rows, columns);
  if (values) made.view().set(values);
  return made;
}

type Sizes = Record<'m' | 'k' | 'n', number>;

function product({ m, k, n }: Sizes, operands: Record<'a' | 'b', Float32Array>, row: string): Prepared {
  const rungs = kRungs[row];
  if (!rungs) throw new Error(`no row '${row}'`);
  const [a, b, c] = [tensor(m, k, operands.a), tensor(k, n, operands.b), tensor(m, n)];
  const packed = new module.PackedMatrix(b, rungs[threads > 1 ? 1 : 0]);
  return {
    run: () => module.gemmMultiplyPacked(a, packed, c),
    output: () => c.view().slice(),
    dispose: () => [a, b, c, packed].forEach((handle) => handle.delete()),
  };
}

function int8Product({ m, k, n }: Sizes, { a, b }: { a: Uint8Array; b: Int8Array }, row: string): Prepared {
  if (row === 'f32') return product({ m, k, n }, { a: Float32Array.from(a), b: Float32Array.from(b) }, 'fast');
  const { Int8Product, bestInt8 } = need('Int8Product', 'bestInt8');
  const made = new Int8Product(m, k, n, a, b, bestInt8(7));
  return { run: () => made.run(), output: () => made.output(), dispose: () => made.delete() };
}

function geometry({ channels, height, width, outputs, kernel, padding }: ConvTask): Geometry {
  const size = { kernelHeight: kernel, kernelWidth: kernel };
  return { height, width, channels, outputs, ...size, stride: 1, padding, dilation: 1, groups: 1 };
}

function convolution<Input extends { set(values: Input): void }, Output extends Float32Array | Int32Array>(
  made: Operation<Input, Output>,
  x: Input,
): Prepared {
  made.input().set(x);
  return { run: () => made.run(), output: () => made.output().slice(), dispose: () => made.delete() };
}

function sparseProduct({ m, k, n }: Sizes, operands: Record<'a' | 'b', Float32Array>, row: string): Prepared {
  const { SparseMatrix, sparseMultiply, sparseVariants } = need('SparseMatrix', 'sparseMultiply', 'sparseVariants');
  const [a, b, c] = [tensor(m, k, operands.a), tensor(k, n, operands.b), tensor(m, n)];
  const packed = new SparseMatrix(b, 'block1x4', choose(sparseVariants(), row));
  return {
    run: () => sparseMultiply(a, packed, c),
    output: () => c.view().slice(),
    dispose: () => [a, b, c, packed].forEach((handle) => handle.delete()),
  };
}

function attention(task: AttentionTask, operands: OperandsOf['attention'], row: string): Prepared {
  const { attentionVariants, attend, attendPacked, PackedKeys } = need(
    'attentionVariants',
    'attend',
    'attendPacked',
    'PackedKeys',
  );
  const { queries, keys, heads, keyHeads, size, causal } = task;
  const variant = choose(attentionVariants(), row);
  const [k, v] = [tensor(keys, keyHeads * size, operands.k), tensor(keys, keyHeads * size, operands.v)];
  const [q, out] = [tensor(queries, heads * size, operands.q), tensor(queries, heads * size)];
  const settings = { heads, keyHeads, causal, firstQuery: keys - queries, window: 0 };
  const packed = queries < keys ? new PackedKeys(k, keyHeads) : undefined;
  return {
    run: packed
      ? () => attendPacked(q, packed, v, out, settings, variant)
      : () => attend(q, k, v, out, settings, variant),
    output: () => out.view().slice(),
    dispose: () => [q, k, v, out, packed].forEach((handle) => handle?.delete()),
  };
}

function rowOperation(task: RowsTask, { x, weight, bias }: OperandsOf['rows']): Prepared {
  const library = need('rowVariants', 'rowOperation');
  const { operation, rows, columns } = task;
  const variant = choose(library.rowVariants(), 'exact');
  const [from, to] = [tensor(rows, columns, x), tensor(rows, columns)];
  const weights = operation.endsWith('norm') ? tensor(2, columns, Float32Array.from([...weight, ...bias])) : null;
  return {
    run: () => library.rowOperation(operation, variant, from, weights, kEpsilon, to),
    output: () => to.view().slice(),
    dispose: () => [from, to, weights].forEach((handle) => handle?.delete()),
  };
}

function probe(seconds: number): Peak[] {
  const race = new module.RooflineProbe(seconds);
  while (race.step());
  const peaks = race.peaks();
  race.delete();
  return peaks;
}

export const peer: WebPeer = {
  load,
  prepare: {
    'gemm-f32': product,
    'gemm-int8': int8Product,
    'conv-f32': (task, { x, weights, bias }, row) => {
      const { Convolution } = need('Convolution');
      return convolution(new Convolution(geometry(task), weights, bias, row), x);
    },
    'conv-int8': (task, { x, weights }) => {
      const { Int8Convolution, bestInt8 } = need('Int8Convolution', 'bestInt8');
      return convolution(new Int8Convolution(geometry(task), weights, bestInt8(7)), x as Uint8Array);
    },
    sparse: sparseProduct,
    attention,
    rows: rowOperation,
    training: (task, operands, row) => train(task, operands, row, threads),
    caching: (task, operands, row) => caching(task, operands, row, threads),
    decode: (task, operands, row) => decoding(task, operands, row, threads),
  },
  probe,
};
