// As much of the FlatBuffers format as a TFLite model needs (flatbuffers.dev/internals). Written front to back: a table comes before
// what it refers to, so that every offset points forward, as the format wants.

export type Scalar = { kind: 'i8' | 'u8' | 'i32' | 'u32' | 'f32'; value: number };
export type Node =
  | { kind: 'table'; fields: Readonly<Record<number, Node | Scalar>> }
  | { kind: 'tables'; items: readonly Node[] }
  | { kind: 'ints'; values: readonly number[] }
  | { kind: 'floats'; values: Float32Array<ArrayBuffer> }
  | { kind: 'longs'; values: BigInt64Array<ArrayBuffer> }
  | { kind: 'bytes'; values: Uint8Array; align: number }
  | { kind: 'string'; text: string };

export const u8 = (value: number): Scalar => ({ kind: 'u8', value });
export const i8 = (value: number): Scalar => ({ kind: 'i8', value });
export const u32 = (value: number): Scalar => ({ kind: 'u32', value });
export const i32 = (value: number): Scalar => ({ kind: 'i32', value });
export const f32 = (value: number): Scalar => ({ kind: 'f32', value });
export const table = (fields: Readonly<Record<number, Node | Scalar>>): Node => ({ kind: 'table', fields });
export const tables = (...items: Node[]): Node => ({ kind: 'tables', items });
export const ints = (...values: number[]): Node => ({ kind: 'ints', values });
export const floats = (values: Float32Array<ArrayBuffer>): Node => ({ kind: 'floats', values });
export const longs = (values: BigInt64Array<ArrayBuffer>): Node => ({ kind: 'longs', values });
export const bytes = (values: Uint8Array, align = 1): Node => ({ kind: 'bytes', values, align });
export const string = (text: string): Node => ({ kind: 'string', text });

const kText = new TextEncoder();

class Writer {
  private data = new Uint8Array(1024);
  private view = new DataView(this.data.buffer);
  private end = 0;

  reserve(count: number): number {
    const at = this.end;
    this.end += count;
    if (this.end > this.data.length) {
      const grown = new Uint8Array(2 * this.end);
      grown.set(this.data);
      this.data = grown;
      this.view = new DataView(grown.buffer);
    }
    return at;
  }

  /** Pads so that what comes `ahead` bytes later lies at a multiple of `align`. */
  align(align: number, ahead = 0): void {
    this.reserve((align - ((this.end + ahead) % align)) % align);
  }

  u16(at: number, value: number): void {
    this.view.setUint16(at, value, true);
  }
  u32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }
  scalar(at: number, { kind, value }: Scalar): void {
    if (kind === 'i8' || kind === 'u8') this.data[at] = value;
    else if (kind === 'f32') this.view.setFloat32(at, value, true);
    else this.view.setInt32(at, value, true);
  }
  copy(at: number, values: Uint8Array): void {
    this.data.set(values, at);
  }

  vector(values: Uint8Array, count: number, align: number, terminator = 0): number {
    this.align(Math.max(4, align), 4);
    const at = this.reserve(4 + values.length + terminator);
    this.u32(at, count);
    this.copy(at + 4, values);
    return at;
  }

  /** Writes a node and returns where it lies. */
  node(node: Node): number {
    switch (node.kind) {
      case 'table':
        return this.table(node.fields);
      case 'bytes':
        return this.vector(node.values, node.values.length, node.align);
      case 'string': {
        const text = kText.encode(node.text);
        return this.vector(text, text.length, 1, 1);
      }
      case 'ints':
        return this.vector(new Uint8Array(Int32Array.from(node.values).buffer), node.values.length, 4);
      case 'floats':
      case 'longs': {
        const { buffer, byteOffset, byteLength, length, BYTES_PER_ELEMENT } = node.values;
        return this.vector(new Uint8Array(buffer, byteOffset, byteLength), length, BYTES_PER_ELEMENT);
      }
      case 'tables': {
        const at = this.vector(new Uint8Array(4 * node.items.length), node.items.length, 4);
        node.items.forEach((item, index) => this.refer(at + 4 + 4 * index, item));
        return at;
      }
    }
  }

  /** Writes the node that the offset at `at` is to point to. */
  refer(at: number, node: Node): void {
    const target = this.node(node);
    this.u32(at, target - at);
  }

  private table(fields: Readonly<Record<number, Node | Scalar>>): number {
    const ids = Object.keys(fields).map(Number);
    const slots = Math.max(-1, ...ids) + 1;
    this.align(4, 4 + 2 * slots);
    const vtable = this.reserve(4 + 2 * slots);
    const at = this.reserve(4 + 4 * ids.length); // every field takes four bytes, which keeps all of them aligned
    this.u16(vtable, 4 + 2 * slots);
    this.u16(vtable + 2, 4 + 4 * ids.length);
    this.u32(at, at - vtable);
    ids.forEach((id, index) => this.u16(vtable + 4 + 2 * id, 4 + 4 * index));
    ids.forEach((id, index) => {
      const field = fields[id]!;
      const slot = at + 4 + 4 * index;
      if ('value' in field) this.scalar(slot, field);
      else this.refer(slot, field);
    });
    return at;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.data.slice(0, this.end);
  }
}

/** The file whose root is this table. `identifier`: four characters. */
export function encode(root: Node, identifier: string): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.reserve(8);
  writer.copy(4, kText.encode(identifier));
  writer.refer(0, root);
  return writer.finish();
}
