/**
 * A student's module, instantiated, and the buffers that its functions work on. Each buffer lies between canaries, outputs are poisoned, and
 * after every call inputs and canaries are compared with what they were.
 */
import { kStackBytes } from '../compiler/compile.ts';
import { kMemberStackBytes, type MemberPlace, type Team } from './team.ts';
import { KernelTrap, Violation } from './verdict.ts';

export type ElementType = 'f32' | 'f64' | 'i32' | 'i8' | 'u8';
export type Elements = Float32Array | Float64Array | Int32Array | Int8Array | Uint8Array;

const kArrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, i8: Int8Array, u8: Uint8Array } as const;

const kCanaryBytes = 64;

/** A place in the kernel's memory. */
export interface Buffer {
  name: string;
  type: ElementType;
  shape: number[];
  /** Elements. */
  count: number;
  address: number;
  bytes: number;
  /** `input`: the kernel must not change it. */
  role: 'input' | 'output' | 'inout';
}

export interface KernelOptions {
  module: WebAssembly.Module;
  /** The buffer (counted from 0 in the order they are made) that ends where memory ends, so that a step too far traps. */
  flush?: number | null;
  /** Threads that run it at once, on shared memory of so many pages; the module must have been compiled for that. */
  team?: { team: Team; memoryPages: number } | null;
  /** It is what a performance task measures against. */
  isReference?: boolean;
  /** Every byte above the module's data that is in no buffer is poison too, for checkGaps(). */
  watch?: boolean;
  /** Which of two patterns fills canaries and outputs: results must not depend on it. */
  poison?: 0 | 1;
}

/** As floats: a NaN, and a huge number. As integers neither is likely. */
const kPoison = [
  [0xde, 0xad, 0xff, 0x7f],
  [0x6b, 0x5a, 0xe9, 0x7e],
] as const;

/** Kernels of this thread so far. */
let serial = 0;

export class Kernel {
  readonly #options: KernelOptions;
  readonly #exports: Record<string, WebAssembly.ExportValue>;
  readonly #memory: WebAssembly.Memory;
  readonly #buffers: Buffer[] = [];
  readonly #originals = new Map<Buffer, Uint8Array>();
  /** Where buffers may begin: above the module's data and the threads' stacks. */
  readonly #heapBase: number;
  /** Buffers go from here upwards; one that is flush with memory's end leaves less above. */
  #next: number;
  #top: number;
  /** Its number within the team. */
  readonly #id = ++serial;

  private constructor(options: KernelOptions, memory: WebAssembly.Memory | null) {
    this.#options = options;
    const imports: WebAssembly.Imports = memory === null ? {} : { env: { memory } };
    const { exports } = new WebAssembly.Instance(options.module, imports);
    this.#exports = exports;
    this.#memory = memory ?? (exports['memory'] as WebAssembly.Memory);
    this.#heapBase = (exports['__heap_base'] as WebAssembly.Global<'i32'>).value + this.#memberBytes() * this.threads;
    this.#next = this.#heapBase;
    this.#top = this.#memory.buffer.byteLength;
  }

  /** An instance, its global variables constructed. Throws KernelTrap if a constructor traps. */
  static async create(options: KernelOptions): Promise<Kernel> {
    const pages = options.team?.memoryPages ?? 0;
    const memory = options.team ? new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }) : null;
    const kernel = new Kernel(options, memory);
    if (options.team && memory !== null) {
      const places = Array.from({ length: kernel.threads }, (_, member) => kernel.#placeOf(member));
      const tls = places[0]?.tls ?? 0;
      if (tls !== 0) (kernel.#exports['__wasm_init_tls'] as (at: number) => void)(tls);
      await options.team.team.join(kernel.#id, options.module, memory, places);
    }
    kernel.reset();
    guarded('a constructor of a global variable', () => (kernel.#exports['__wasm_call_ctors'] as () => void)());
    return kernel;
  }

  /** Threads that can run it at the same time. */
  get threads(): number {
    return this.#options.team?.team.size ?? 1;
  }

  get isReference(): boolean {
    return this.#options.isReference ?? false;
  }

  #tlsBytes(): number {
    return this.#options.team ? (this.#exports['__tls_size'] as WebAssembly.Global<'i32'>).value : 0;
  }

  /** Stack and thread-local variables of one member. The leader's stack is the module's own, but it is simpler to count it too. */
  #memberBytes(): number {
    return this.#options.team ? kMemberStackBytes + align(this.#tlsBytes()) : 0;
  }

  #placeOf(member: number): MemberPlace {
    const first = align((this.#exports['__heap_base'] as WebAssembly.Global<'i32'>).value);
    const begin = first + member * this.#memberBytes();
    return { stackEnd: begin + kMemberStackBytes, tls: this.#tlsBytes() === 0 ? 0 : begin + kMemberStackBytes };
  }

  get buffers(): readonly Buffer[] {
    return this.#buffers;
  }

  /** What the kernel may read. `shape` for messages: [count] where left out. */
  input(name: string, data: Elements, shape: number[] = [data.length]): Buffer {
    return this.#place(name, typeOf(data), shape, 'input', data);
  }

  /** What the kernel has to write: full of poison before. */
  output(name: string, type: ElementType, shape: number[]): Buffer {
    return this.#place(name, type, shape, 'output', null);
  }

  /** What the kernel reads and writes. */
  inout(name: string, data: Elements, shape: number[] = [data.length]): Buffer {
    return this.#place(name, typeOf(data), shape, 'inout', data);
  }

  /** Calls a function and checks that it kept to its buffers. Throws KernelTrap or Violation. */
  call(name: string, ...args: (Buffer | number)[]): number {
    const result = this.callUnchecked(name, ...args);
    this.check();
    return result;
  }

  /** The call alone: what is timed. Check afterwards. */
  callUnchecked(name: string, ...args: (Buffer | number)[]): number {
    const entry = this.#exports[name] as (...args: number[]) => number | undefined;
    const plain = args.map((arg) => (typeof arg === 'number' ? arg : arg.address));
    return guarded(name, () => entry(...plain) ?? 0);
  }

  /**
   * Calls a function on `workers` threads at once, with two more arguments: which of them it is, and how many there are. Where there are not
   * so many threads the parts run one after the other.
   */
  callTeam(name: string, workers: number, ...args: (Buffer | number)[]): void {
    this.callTeamUnchecked(name, workers, ...args);
    this.check();
  }

  /** The calls alone: what is timed. */
  callTeamUnchecked(name: string, workers: number, ...args: (Buffer | number)[]): void {
    const team = this.#options.team?.team;
    if (team === undefined || workers > team.size || workers < 2) {
      for (let worker = 0; worker < workers; ++worker) this.callUnchecked(name, ...args, worker, workers);
      return;
    }
    const plain = args.map((arg) => (typeof arg === 'number' ? arg : arg.address));
    team.control.begin(this.#id, name, plain, workers);
    let own: unknown = null;
    try {
      this.callUnchecked(name, ...args, 0, workers);
    } catch (error) {
      own = error; // the others still run on this memory
    }
    const [said] = team.control.finish();
    if (own !== null) throw own;
    if (said !== undefined) throw new KernelTrap(trapText(name, said), null);
  }

  /** Throws Violation if a canary or an input was changed, and names the buffer and the side. */
  check(): void {
    const bytes = new Uint8Array(this.#memory.buffer);
    for (const buffer of this.#buffers) {
      const { address, bytes: size } = buffer;
      const end = address + size;
      const before = this.#changed(bytes, address - kCanaryBytes, address);
      if (before !== null) throw outside(buffer, `${address - before} bytes before the start of`);
      const after = this.#changed(bytes, end, Math.min(end + kCanaryBytes, bytes.length));
      if (after !== null) throw outside(buffer, `${after - end + 1} bytes past the end of`);
      const original = this.#originals.get(buffer);
      if (original === undefined || buffer.role !== 'input') continue;
      for (let i = 0; i < size; ++i) {
        if (bytes[address + i] === original[i]) continue;
        const element = Math.floor(i / elementBytes(buffer.type));
        throw new Violation(`It changed ${indexed(buffer, element)}, an input: inputs must stay as they are`);
      }
    }
  }

  /** Throws Violation if a watched kernel ever wrote between, below or above the buffers. */
  checkGaps(): void {
    const bytes = new Uint8Array(this.#memory.buffer);
    const inOrder = this.#buffers.toSorted((a, b) => a.address - b.address);
    let from = this.#heapBase;
    for (const [index, next] of [...inOrder, null].entries()) {
      const at = this.#changed(bytes, from, next?.address ?? bytes.length);
      const nearest = inOrder[index - 1] ?? next;
      if (at !== null && nearest !== null) {
        const isAfter = at >= nearest.address;
        const distance = isAfter ? at - (nearest.address + nearest.bytes) + 1 : nearest.address - at;
        throw outside(nearest, `${distance} bytes ${isAfter ? 'past the end of' : 'before the start of'}`);
      }
      if (next !== null) from = next.address + next.bytes;
    }
  }

  /** A copy of what a buffer holds now. */
  read(buffer: Buffer): Elements {
    const { type, address, bytes } = buffer;
    // Copied byte for byte: what slice() gives of shared memory is shared too.
    return new kArrays[type](new Uint8Array(this.#memory.buffer).slice(address, address + bytes).buffer);
  }

  /** Fills an output with poison again, as it was at first. */
  poison({ address, bytes }: Buffer): void {
    this.#fill(new Uint8Array(this.#memory.buffer), address, address + bytes);
  }

  /** Forgets all buffers: the next ones take their place. For repeated timings in one instance. */
  reset(): void {
    this.#buffers.length = 0;
    this.#originals.clear();
    this.#next = this.#heapBase;
    this.#top = this.#memory.buffer.byteLength;
    if (this.#options.watch) this.#fill(new Uint8Array(this.#memory.buffer), this.#heapBase, this.#top);
  }

  #place(name: string, type: ElementType, shape: number[], role: Buffer['role'], data: Elements | null): Buffer {
    const count = shape.reduce((product, extent) => product * extent, 1);
    const size = count * elementBytes(type);
    const memoryEnd = this.#memory.buffer.byteLength;
    const isFlush = this.#options.flush === this.#buffers.length;
    const address = isFlush ? memoryEnd - size : align(this.#next + kCanaryBytes);
    const begin = address - kCanaryBytes;
    const end = isFlush ? memoryEnd : address + size + kCanaryBytes;
    if (begin < this.#next || (!isFlush && end > this.#top))
      throw new RangeError(
        `${name} (${size} bytes) does not fit: the module's data and all buffers share ${memoryEnd} bytes`,
      );
    if (isFlush) this.#top = begin;
    else this.#next = end;

    const buffer: Buffer = { name, type, shape, count, address, bytes: size, role };
    const bytes = new Uint8Array(this.#memory.buffer);
    this.#fill(bytes, begin, end);
    if (data !== null) {
      if (data.length !== count)
        throw new RangeError(`${name}: ${data.length} elements for shape [${shape.join(', ')}]`);
      const source = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      bytes.set(source, address);
      this.#originals.set(buffer, source.slice());
    }
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Poison from `from` to `to`, in step with the address so that single elements look alike everywhere. */
  #fill(bytes: Uint8Array, from: number, to: number): void {
    const pattern = kPoison[this.#options.poison ?? 0];
    const begin = Math.min(to, Math.ceil(from / 4) * 4);
    const end = Math.max(begin, Math.floor(to / 4) * 4);
    for (let at = from; at < begin; ++at) bytes[at] = pattern[at & 3] ?? 0;
    for (let at = end; at < to; ++at) bytes[at] = pattern[at & 3] ?? 0;
    new Uint32Array(bytes.buffer, begin, (end - begin) / 4).fill(wordOf(pattern));
  }

  /** The address of a byte that is no longer poison, nearest to the buffer; null if all are. */
  #changed(bytes: Uint8Array, from: number, to: number): number | null {
    const pattern = kPoison[this.#options.poison ?? 0];
    const words = new Uint32Array(bytes.buffer);
    const word = wordOf(pattern);
    for (let at = from; at < to; ++at) {
      // Four at once, until something is wrong.
      if ((at & 3) === 0 && at + 4 <= to && words[at >>> 2] === word) at += 3;
      else if (bytes[at] !== pattern[at & 3]) return at;
    }
    return null;
  }
}

function wordOf(pattern: readonly number[]): number {
  return new Uint32Array(Uint8Array.from(pattern).buffer)[0] ?? 0;
}

function align(address: number): number {
  return Math.ceil(address / 64) * 64;
}

export function elementBytes(type: ElementType): number {
  return kArrays[type].BYTES_PER_ELEMENT;
}

function typeOf(data: Elements): ElementType {
  for (const [type, constructor] of Object.entries(kArrays))
    if (data instanceof constructor) return type as ElementType;
  throw new TypeError('a buffer must be of float, double, int, int8_t or uint8_t');
}

/** Element `flat` of a buffer by its indices, such as "C[3][0]". */
export function indexed({ name, shape }: Pick<Buffer, 'name' | 'shape'>, flat: number): string {
  const indices: number[] = [];
  let rest = flat;
  for (const extent of shape.toReversed()) {
    indices.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return `${name}${indices.map((index) => `[${index}]`).join('')}`;
}

export function describe({ name, shape, type }: Buffer): string {
  const what = { f32: 'floats', f64: 'doubles', i32: 'ints', i8: 'int8_t', u8: 'uint8_t' }[type];
  return `${name} (${shape.join(' × ')} ${what})`;
}

function outside(buffer: Buffer, where: string): Violation {
  return new Violation(`It wrote ${where} ${describe(buffer)}`);
}

function guarded<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw new KernelTrap(trapText(what, error.message), offsetOf(error));
    if (error instanceof RangeError) throw new KernelTrap(`${what} called itself too often: the stack is full`, null);
    throw error;
  }
}

/** Engines word their traps differently; these are the ones a kernel can meet. */
function trapText(what: string, message: string): string {
  if (/out of bounds|out-of-bounds/i.test(message))
    return `${what} reads or writes outside its memory, or its local variables need more than the ${kStackBytes / 1024} KB of the stack`;
  if (/divide by zero|division by zero/i.test(message)) return `${what} divides an integer by zero`;
  if (/integer overflow|unrepresentable|divide result/i.test(message))
    return `${what} computes an integer that has no place in its type`;
  if (/stack/i.test(message)) return `${what} called itself too often: the stack is full`;
  if (/unreachable/i.test(message)) return `A check in ${what} failed`;
  return `${what} stopped: ${message}`;
}

function offsetOf(error: Error): number | null {
  const found = /wasm-function\[\d+\]:(0x[0-9a-f]+)/.exec(error.stack ?? '')?.[1];
  return found === undefined ? null : Number.parseInt(found, 16);
}

/** Why a module can't be run: functions that are missing, names of the compiler's that it redefines, imports. Sentences. */
export function moduleProblems(
  module: WebAssembly.Module,
  functions: readonly string[],
  sharesMemory = false,
): string[] {
  const exported = WebAssembly.Module.exports(module);
  const problems: string[] = [];
  for (const name of functions) {
    if (!exported.some((found) => found.name === name && found.kind === 'function'))
      problems.push(`${name} is missing`);
  }
  const given = { ...(sharesMemory ? {} : { memory: 'memory' }), __heap_base: 'global', __wasm_call_ctors: 'function' };
  for (const [name, kind] of Object.entries(given)) {
    if (!exported.some((found) => found.name === name && found.kind === kind))
      problems.push(`${name} is redefined: names with two underscores belong to the compiler`);
  }
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (sharesMemory && from === 'env' && name === 'memory' && kind === 'memory') continue;
    problems.push(`it asks for the ${kind} ${name} from outside (${from}): a kernel may not import anything`);
  }
  return problems;
}
