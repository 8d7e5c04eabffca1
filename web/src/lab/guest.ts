/**
 * A student's kernel inside the library: linked to live in the library's own memory, its product in a slot of the library's table, where the
 * ladder's row "yours" calls it. Nothing protects the library from it, so this is done only in a worker that is thrown away afterwards.
 */
import type { GuestBase } from './compiler/compile.ts';
import { EngineError } from './errors.ts';

/** What this needs of either module of the library. */
export interface GuestHost {
  wasmMemory: WebAssembly.Memory;
  wasmTable: WebAssembly.Table;
  reserveGuest(bytes: number): number;
  setGuest(index: number): void;
}

/** The name of the ladder's row. */
export const kGuestRung = 'yours';
/** Signature: void(const float* a, const float* b, float* c, int M, int K, int N). */
export const kGuestFunction = 'matmul';

/** For the kernel's code, its global data and its stack. */
const kGuestBytes = 8 << 20;
const kGuestStack = 256 << 10;

/** Makes room for a guest; what it is to be compiled with. */
export function reserveGuest(host: GuestHost): GuestBase {
  const address = host.reserveGuest(kGuestBytes);
  const shared = typeof SharedArrayBuffer !== 'undefined' && host.wasmMemory.buffer instanceof SharedArrayBuffer;
  return { address, stackBytes: kGuestStack, shared };
}

/** Puts a module that was compiled with `base` into its place. Throws EngineError if it needs more room or isn't one. */
export async function plugGuest(host: GuestHost, base: GuestBase, wasm: Uint8Array<ArrayBuffer>): Promise<void> {
  const { instance } = await WebAssembly.instantiate(wasm, { env: { memory: host.wasmMemory } });
  const { __heap_base: end, __wasm_call_ctors: construct, [kGuestFunction]: product } = instance.exports;
  const needed = (end as WebAssembly.Global<'i32'>).value - base.address;
  if (needed > kGuestBytes) {
    throw new EngineError(
      `The kernel's global variables need ${(needed / 1e6).toFixed(1)} MB; in the library there is room for ${kGuestBytes / 1e6} MB`,
    );
  }
  if (typeof product !== 'function') throw new EngineError(`The module has no function ${kGuestFunction}`);
  (construct as () => void)();
  host.setGuest(host.wasmTable.grow(1, product));
}
