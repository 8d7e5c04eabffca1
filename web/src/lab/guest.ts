/**
 * A student's kernel inside the library: linked to live in the library's own memory, its function in a slot of the library's table, where the
 * ladder's row "yours" calls it, or a decoder. Nothing protects the library from it, so this is done only in a worker that is thrown away afterwards.
 */
import type { GuestBase } from './compiler/compile.ts';
import { EngineError } from './errors.ts';
import type { ModuleName, SiteModules } from './types.ts';

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

/** Steps of a decoder that kernels from outside can take; `attend` must be there, others are the library's own where they are missing. */
export const kDecoderSteps = ['attend', 'kv_append', 'slot_of'] as const;
export type DecoderStep = (typeof kDecoderSteps)[number];

/** What this needs of lm.mjs. */
export interface DecoderGuestHost extends Omit<GuestHost, 'setGuest'> {
  /** Slots of the table: of attend, kv_append and slot_of; 0 for the library's. */
  setDecoderGuest(attend: number, append: number, slotOf: number): void;
}

/** Each is compiled by itself and has a place of its own. */
export type DecoderPlaces = Record<DecoderStep, GuestBase>;
export type DecoderModules = Partial<Record<DecoderStep, Uint8Array<ArrayBuffer>>>;

/** The places of guests that a module has room for, by their functions; and what has been compiled for them. */
export type GuestPlaces = Record<string, GuestBase>;
export type GuestModules = Record<string, Uint8Array<ArrayBuffer>>;

/** Makes room for a guest; what it is to be compiled with. */
export function reserveGuest(host: GuestHost): GuestBase {
  return placeAt(host, host.reserveGuest(kGuestBytes));
}

/** Makes room for a decoder's guests. */
export function reserveDecoderGuest(host: DecoderGuestHost): DecoderPlaces {
  const address = host.reserveGuest(kDecoderSteps.length * kGuestBytes);
  const place = (step: DecoderStep) => placeAt(host, address + kDecoderSteps.indexOf(step) * kGuestBytes);
  return { attend: place('attend'), kv_append: place('kv_append'), slot_of: place('slot_of') };
}

/** Puts a module that was compiled with `base` into its place. Throws EngineError if it needs more room or isn't one. */
export async function plugGuest(host: GuestHost, base: GuestBase, wasm: Uint8Array<ArrayBuffer>): Promise<void> {
  host.setGuest(await tableSlot(host, base, wasm, kGuestFunction));
}

/** The same for a decoder's. */
export async function plugDecoderGuest(
  host: DecoderGuestHost,
  places: DecoderPlaces,
  modules: DecoderModules,
): Promise<void> {
  if (modules.attend === undefined) throw new EngineError('A decoder needs a kernel that attends, at least');
  const slots = { attend: 0, kv_append: 0, slot_of: 0 };
  for (const step of kDecoderSteps) {
    const wasm = modules[step];
    if (wasm !== undefined) slots[step] = await tableSlot(host, places[step], wasm, step);
  }
  host.setDecoderGuest(slots.attend, slots.kv_append, slots.slot_of);
}

/** Makes room for the guests that a module can take. */
export function reserveGuests(name: ModuleName, module: SiteModules[ModuleName]): GuestPlaces {
  if (name === 'lm') return reserveDecoderGuest(module as SiteModules['lm']);
  return { [kGuestFunction]: reserveGuest(module as SiteModules['optlab']) };
}

/** Puts modules that were compiled for these places into them. */
export async function plugGuests(
  name: ModuleName,
  module: SiteModules[ModuleName],
  places: GuestPlaces,
  modules: GuestModules,
): Promise<void> {
  if (name === 'lm') return plugDecoderGuest(module as SiteModules['lm'], places as DecoderPlaces, modules);
  const [place, wasm] = [places[kGuestFunction], modules[kGuestFunction]];
  if (place === undefined || wasm === undefined) throw new EngineError(`The library takes a ${kGuestFunction} only`);
  return plugGuest(module as SiteModules['optlab'], place, wasm);
}

type Host = Pick<GuestHost, 'wasmMemory' | 'wasmTable'>;

function placeAt({ wasmMemory }: Host, address: number): GuestBase {
  const shared = typeof SharedArrayBuffer !== 'undefined' && wasmMemory.buffer instanceof SharedArrayBuffer;
  return { address, stackBytes: kGuestStack, shared };
}

async function tableSlot(
  { wasmMemory, wasmTable }: Host,
  base: GuestBase,
  wasm: Uint8Array<ArrayBuffer>,
  name: string,
): Promise<number> {
  const { instance } = await WebAssembly.instantiate(wasm, { env: { memory: wasmMemory } });
  const { __heap_base: end, __wasm_call_ctors: construct, [name]: kernel } = instance.exports;
  const needed = (end as WebAssembly.Global<'i32'>).value - base.address;
  if (needed > kGuestBytes) {
    throw new EngineError(
      `The kernel's global variables need ${(needed / 1e6).toFixed(1)} MB; in the library there is room for ${kGuestBytes / 1e6} MB`,
    );
  }
  if (typeof kernel !== 'function') throw new EngineError(`The module has no function ${name}`);
  (construct as () => void)();
  return wasmTable.grow(1, kernel);
}
