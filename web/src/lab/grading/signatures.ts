/** The types of a module's exported functions, read from its bytes: engines tell only that an export is a function. */
import type { CType, Declaration } from './declaration.ts';

const kValueTypes: Record<number, string> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128' };
const kSection = { type: 1, import: 2, function: 3, export: 7 } as const;
const kKind = { function: 0, table: 1, memory: 2, global: 3 } as const;

/** Reads what a valid module has (WebAssembly.compile accepted it). */
class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.at++] ?? 0;
  }

  /** An unsigned number, seven bits a byte. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) break;
    }
    return value;
  }

  text(): string {
    const length = this.number();
    this.at += length;
    return new TextDecoder().decode(this.#bytes.slice(this.at - length, this.at));
  }

  list<T>(item: () => T): T[] {
    return Array.from({ length: this.number() }, item);
  }

  limits(): void {
    const flags = this.byte();
    this.number();
    if (flags & 1) this.number();
  }
}

function functionType(reader: Reader): string {
  reader.byte(); // 0x60: a function
  const valueType = () => kValueTypes[reader.byte()] ?? 'another type';
  return signature(reader.list(valueType), reader.list(valueType));
}

function signature(parameters: readonly string[], results: readonly string[]): string {
  return `(${parameters.join(', ')}) → ${results.join(', ') || 'nothing'}`;
}

/** How many functions an import section has: they are numbered before the module's own. */
function importedFunctions(reader: Reader): number {
  const kinds = reader.list(() => {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === kKind.function) reader.number();
    if (kind === kKind.table) reader.byte();
    if (kind === kKind.table || kind === kKind.memory) reader.limits();
    if (kind === kKind.global) reader.at += 2;
    return kind;
  });
  return kinds.filter((kind) => kind === kKind.function).length;
}

/** Name → signature such as "(i32, f32) → nothing", of every exported function. */
export function exportedSignatures(wasm: Uint8Array): Map<string, string> {
  let types: string[] = [];
  let imported = 0;
  let functions: number[] = [];
  const found = new Map<string, string>();
  const reader = new Reader(wasm, 8); // after magic and version
  while (!reader.isAtEnd) {
    const id = reader.byte();
    const size = reader.number();
    const end = reader.at + size;
    if (id === kSection.type) types = reader.list(() => functionType(reader));
    if (id === kSection.import) imported = importedFunctions(reader);
    if (id === kSection.function) functions = reader.list(() => reader.number());
    if (id === kSection.export) {
      reader.list(() => {
        const name = reader.text();
        const kind = reader.byte();
        const index = reader.number();
        if (kind === kKind.function) found.set(name, types[functions[index - imported] ?? -1] ?? 'imported');
      });
    }
    reader.at = end;
  }
  return found;
}

function wasmType(type: CType): string {
  return type === 'float' ? 'f32' : type === 'double' ? 'f64' : 'i32';
}

/** Functions whose compiled type is not the declared one, in sentences: whoever leaves out exercise.h can declare anything. */
export function signatureProblems(wasm: Uint8Array, functions: readonly Declaration[]): string[] {
  const found = exportedSignatures(wasm);
  return functions.flatMap(({ name, parameters, returns }) => {
    const want = signature(
      parameters.map(({ type }) => wasmType(type)),
      returns === 'void' ? [] : [wasmType(returns)],
    );
    const got = found.get(name);
    if (got === undefined || got === want) return [];
    return [
      `${name} was compiled as ${got} but "exercise.h" declares ${want}: include it, and the compiler shows where they differ`,
    ];
  });
}
