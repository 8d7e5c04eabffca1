/** Plugging what a student wrote into an engine's worker: the page's side, which compiles it for a place in the engine's memory. */
import type { Remote } from 'comlink';
import type { GuestBase } from './compiler/compile.ts';
import { EngineError } from './errors.ts';
import type { DecoderModules, DecoderStep, GuestModules } from './guest.ts';
import type { EngineApi } from './protocol.ts';

/** A student's product, to run as the rung "yours": `compile` links it for a place in the engine's memory. */
export interface Guest {
  compile(base: GuestBase): Promise<Uint8Array<ArrayBuffer>>;
}

/** Functions of a student's, by their names. */
export type Guests = ReadonlyMap<string, Guest>;

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

/** A student's steps of a decoder; `attend` must be among them. */
export type DecoderGuest = ReadonlyMap<DecoderStep, Guest>;

/** Moves a guest into a worker that nothing else uses. */
export type Plug = (api: Remote<EngineApi>) => Promise<void>;

export function plugIntoDecoder(guest: DecoderGuest): Plug {
  return async (api) => {
    const places = await api.reserveDecoderGuest();
    const modules: DecoderModules = {};
    for (const [step, { compile }] of guest) modules[step] = await compile(places[step]);
    await api.plugDecoderGuest(places, modules);
  };
}
