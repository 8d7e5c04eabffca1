/**
 * A student's functions inside the library: each is linked to live in the library's own memory, and the library's table has it, so that it can go
 * into one of the library's slots (src/guest/slots.h). Nothing protects the library from it, so this is done only in a worker that is thrown
 * away afterwards.
 */
import type { GuestBase } from './compiler/compile.ts';
import { EngineError } from './errors.ts';
import type { GuestSlot } from './guest-slots.ts';
import type { SiteModules } from './types.ts';

/** What this needs of any module of the library. */
export type GuestHost = Pick<SiteModules['optlab'], 'reserveGuests' | 'installGuest'> & {
  wasmMemory: WebAssembly.Memory;
  wasmTable: WebAssembly.Table;
};

/** The name of the ladder's row that runs the guest in the slot `matmul`. */
export const kGuestRung = 'yours';

/** For a guest's code, its global data and its stack. */
const kGuestBytes = 8 << 20;
const kGuestStack = 256 << 10;

/** Where a guest may live: what it is to be compiled with. */
export interface GuestPlace extends GuestBase {
  slot: GuestSlot;
}
/** A guest that was compiled for its place. */
export interface GuestModule extends GuestPlace {
  wasm: Uint8Array<ArrayBuffer>;
}

/** Makes room for guests in these slots; guests that were there leave. */
export function reserveGuests(host: GuestHost, slots: readonly GuestSlot[]): GuestPlace[] {
  const address = host.reserveGuests(slots.length * kGuestBytes);
  const shared = typeof SharedArrayBuffer !== 'undefined' && host.wasmMemory.buffer instanceof SharedArrayBuffer;
  return slots.map((slot, i) => ({ slot, address: address + i * kGuestBytes, stackBytes: kGuestStack, shared }));
}

/** Moves guests into their slots. Throws EngineError if one needs more room or isn't one, RangeError if the library has no such slot. */
export async function plugGuests(host: GuestHost, guests: readonly GuestModule[]): Promise<void> {
  for (const guest of guests) host.installGuest(guest.slot, await tableIndex(host, guest));
}

async function tableIndex({ wasmMemory, wasmTable }: GuestHost, { slot, address, wasm }: GuestModule): Promise<number> {
  const { instance } = await WebAssembly.instantiate(wasm, { env: { memory: wasmMemory } });
  const { __heap_base: end, __wasm_call_ctors: construct, [slot]: kernel } = instance.exports;
  const needed = (end as WebAssembly.Global<'i32'>).value - address;
  if (needed > kGuestBytes) {
    throw new EngineError(
      `The kernel's global variables need ${(needed / 1e6).toFixed(1)} MB; in the library there is room for ${kGuestBytes / 1e6} MB`,
    );
  }
  if (typeof kernel !== 'function') throw new EngineError(`The module has no function ${slot}`);
  (construct as () => void)();
  return wasmTable.grow(1, kernel);
}
