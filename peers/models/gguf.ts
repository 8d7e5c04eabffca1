// As much of GGUF, llama.cpp's file format, as a model needs (docs/gguf.md of the ggml project): numbers are little-endian, sizes 64 bits.
import { concat } from './protobuf.ts';

type Floats = Float32Array<ArrayBuffer>;

/** gguf_metadata_value_type */
const kTypes = { u32: 4, s32: 5, f32: 6, bool: 7, text: 8 } as const;
const kArray = 9;
/** ggml_type */
const kFloat32 = 0;
const kQ8 = 8;
const kVersion = 3;
/** Where a tensor may begin. */
const kAlignment = 32;
/** Weights that share a scale. */
export const kQ8Block = 32;
const kQ8BlockBytes = 2 + kQ8Block;

export type GgufValue =
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { text: string }
  | { texts: readonly string[] }
  | { s32s: readonly number[] };

export interface GgufTensor {
  name: string;
  /** Rows of numbers that follow one another: [rows, columns], or [columns]. */
  shape: readonly number[];
  values: Floats;
  /** Rounded to 8 bits, 32 neighbours in a row with a scale (a half) of their own. */
  rounded?: boolean;
}

const kText = new TextEncoder();

function numbers(bytes: number, write: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  write(view);
  return new Uint8Array(view.buffer);
}
const u32 = (value: number) => numbers(4, (view) => view.setUint32(0, value, true));
const s32 = (value: number) => numbers(4, (view) => view.setInt32(0, value, true));
const f32 = (value: number) => numbers(4, (view) => view.setFloat32(0, value, true));
const u64 = (value: number) => numbers(8, (view) => view.setBigUint64(0, BigInt(value), true));

function text(value: string): Uint8Array {
  const bytes = kText.encode(value);
  return concat([u64(bytes.length), bytes]);
}

function array(type: number, items: readonly Uint8Array[]): Uint8Array {
  return concat([u32(kArray), u32(type), u64(items.length), ...items]);
}

/** A value behind its type. */
function value(given: GgufValue): Uint8Array {
  if ('u32' in given) return concat([u32(kTypes.u32), u32(given.u32)]);
  if ('f32' in given) return concat([u32(kTypes.f32), f32(given.f32)]);
  if ('bool' in given) return concat([u32(kTypes.bool), Uint8Array.of(given.bool ? 1 : 0)]);
  if ('text' in given) return concat([u32(kTypes.text), text(given.text)]);
  if ('texts' in given) return array(kTypes.text, given.texts.map(text));
  return array(kTypes.s32, given.s32s.map(s32));
}

const kBits = new DataView(new ArrayBuffer(4));

/** The bits of the nearest half to a positive number that is a normal one there, ties to even. */
export function halfBits(number: number): number {
  if (number === 0) return 0;
  kBits.setFloat32(0, number);
  const bits = kBits.getUint32(0);
  const rounded = (bits + 0xfff + ((bits >>> 13) & 1)) >>> 13;
  const half = rounded - ((127 - 15) << 10);
  if (!(number > 0) || half < 1 << 10 || half >= 31 << 10) throw new RangeError(`${number} is no positive normal half`);
  return half;
}

/** The number that a half of halfBits() stands for. */
export function halfValue(half: number): number {
  return half === 0 ? 0 : (1 + (half & 1023) / 1024) * 2 ** ((half >>> 10) - 15);
}

/** block_q8_0: a scale d = max|w|/127 as a half, and 32 integers round(w/d), as ggml's own conversion has them. */
export function roundedBlocks(values: Floats): Uint8Array<ArrayBuffer> {
  if (values.length % kQ8Block !== 0)
    throw new RangeError(`${values.length} values are no whole blocks of ${kQ8Block}`);
  const count = values.length / kQ8Block;
  const view = new DataView(new ArrayBuffer(count * kQ8BlockBytes));
  for (let block = 0; block < count; block++) {
    let largest = 0;
    for (let i = 0; i < kQ8Block; i++) largest = Math.max(largest, Math.abs(values[block * kQ8Block + i]!));
    const scale = largest / 127;
    view.setUint16(block * kQ8BlockBytes, halfBits(scale), true);
    for (let i = 0; i < kQ8Block; i++) {
      const whole = scale === 0 ? 0 : Math.round(values[block * kQ8Block + i]! / scale);
      view.setInt8(block * kQ8BlockBytes + 2 + i, whole);
    }
  }
  return new Uint8Array(view.buffer);
}

function data({ name, shape, values, rounded = false }: GgufTensor): Uint8Array {
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (values.length !== size)
    throw new RangeError(`${name} has ${values.length} values, ${shape.join('×')} are wanted`);
  if (rounded && shape.at(-1)! % kQ8Block !== 0)
    throw new RangeError(`${name} has rows of ${shape.at(-1)}, which are no whole blocks of ${kQ8Block}`);
  return rounded ? roundedBlocks(values) : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function padding(length: number): Uint8Array {
  return new Uint8Array((kAlignment - (length % kAlignment)) % kAlignment);
}

/** A file: header, metadata, what the tensors are, and their data. */
export function ggufFile(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(metadata).map(([key, given]) => concat([text(key), value(given)]));
  const infos: Uint8Array[] = [];
  const contents: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    const bytes = data(tensor);
    const extents = [...tensor.shape].reverse().map(u64); // the innermost first
    const type = tensor.rounded ? kQ8 : kFloat32;
    infos.push(concat([text(tensor.name), u32(extents.length), ...extents, u32(type), u64(offset)]));
    contents.push(bytes, padding(bytes.length));
    offset += bytes.length + padding(bytes.length).length;
  }
  const head = concat([
    ...[kText.encode('GGUF'), u32(kVersion), u64(tensors.length), u64(entries.length)],
    ...entries,
    ...infos,
  ]);
  return concat([head, padding(head.length), ...contents]);
}
