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

/** Moves a guest into a worker that nothing else uses. */
export type Plug = (api: Remote<EngineApi>) => Promise<void>;

/** Moves guests to where this task will find them. */
export function plugFor(path: string, guests: Guests): Plug {
  return async (api) => {
    const places = await api.reserve(path);
    const modules: GuestModules = {};
    for (const [name, { compile }] of guests) {
      const place = places[name];
      if (place === undefined) throw new EngineError(`The library has no place for ${name}`);
      modules[name] = await compile(place);
    }
    await api.plug(path, places, modules);
  };
}
