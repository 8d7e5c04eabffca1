/** Plugging what a student wrote into an engine's worker: the page's side, which compiles it for a place in the engine's memory. */
import type { Remote } from 'comlink';
import type { GuestBase } from './compiler/compile.ts';
import { EngineError } from './errors.ts';
import type { GuestModules } from './guest.ts';
import type { EngineApi } from './protocol.ts';

/** A student's product, to run as the rung "yours": `compile` links it for a place in the engine's memory. */
export interface Guest {
  compile(base: GuestBase): Promise<Uint8Array<ArrayBuffer>>;
}

/** Functions of a student's, by their names. */
export type Guests = ReadonlyMap<string, Guest>;

/** Compiles guests for the worker of a task, and moves them to where it will find them. Nothing else may use that worker. */
export async function plugInto(api: Remote<EngineApi>, path: string, guests: Guests): Promise<void> {
  const places = await api.reserve(path);
  const modules: GuestModules = {};
  for (const [name, { compile }] of guests) {
    const place = places[name];
    if (place === undefined) throw new EngineError(`The library has no place for ${name}`);
    modules[name] = await compile(place);
  }
  await api.plug(path, places, modules);
}
