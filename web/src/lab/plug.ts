/** Plugging what a student wrote into an engine's worker: the page's side, which compiles it for a place in the engine's memory. */
import type { Remote } from 'comlink';
import type { GuestBase } from './compiler/compile.ts';
import type { DecoderModules, DecoderStep } from './guest.ts';
import type { EngineApi, GuestModule } from './protocol.ts';

/** A student's product, to run as the rung "yours": `compile` links it for a place in the engine's memory. */
export interface Guest {
  compile(base: GuestBase): Promise<Uint8Array<ArrayBuffer>>;
}

/** A student's steps of a decoder; `attend` must be among them. */
export type DecoderGuest = ReadonlyMap<DecoderStep, Guest>;

/** Moves a guest into a worker that nothing else uses. */
export type Plug = (api: Remote<EngineApi>) => Promise<void>;

export function plugInto(module: GuestModule, { compile }: Guest): Plug {
  return async (api) => {
    const base = await api.reserveGuest(module);
    await api.plugGuest(module, base, await compile(base));
  };
}

export function plugIntoDecoder(guest: DecoderGuest): Plug {
  return async (api) => {
    const places = await api.reserveDecoderGuest();
    const modules: DecoderModules = {};
    for (const [step, { compile }] of guest) modules[step] = await compile(places[step]);
    await api.plugDecoderGuest(places, modules);
  };
}
