/** Plugging what a student wrote into an engine's worker: the page's side, which compiles it for a place in the engine's memory. */
import type { Remote } from 'comlink';
import type { GuestBase } from './compiler/compile.ts';
import type { GuestModule } from './guest.ts';
import type { GuestSlot } from './guest-slots.ts';
import type { EngineApi } from './protocol.ts';

/** A student's function: `compile` links it for a place in the engine's memory. */
export interface Guest {
  compile(base: GuestBase): Promise<Uint8Array<ArrayBuffer>>;
}

export type Guests = ReadonlyMap<GuestSlot, Guest>;

/** Compiles guests for the worker of a task, and moves them to where it will find them. Nothing else may use that worker. */
export async function plugInto(api: Remote<EngineApi>, path: string, guests: Guests): Promise<void> {
  const modules: GuestModule[] = [];
  for (const place of await api.reserve(path, [...guests.keys()])) {
    modules.push({ ...place, wasm: await guests.get(place.slot)!.compile(place) });
  }
  await api.plug(path, modules);
}
