import { kStorages } from '#lab/cache-views.ts';
import { kLengths } from './costs.ts';
import type { DecoderSettings } from '#lab/generation.ts';
import { kModels } from '../token-race/settings.ts';

export interface Settings {
  model: keyof typeof kModels;
  /** The last position. */
  to: number;
  storage: DecoderSettings['storage'];
  mode: 'exact' | 'fast';
  axes: 'linear' | 'log';
  threads: number;
}

export const kDefaults: Settings = {
  model: 'moby',
  to: 2048,
  storage: 'f32',
  mode: 'exact',
  axes: 'log',
  threads: 1,
};

/** The large model takes a minute for 4,096 positions. */
export const lengthsOf = (model: Settings['model']): number[] =>
  kLengths.filter((length) => model === 'tiny' || length <= 2048);

/** Settings from texts by name; what is missing or not allowed is the page's own. */
export function settingsOf(text: (name: keyof Settings) => string | null | undefined, maxThreads: number): Settings {
  const of = (name: keyof Settings) => text(name) ?? `${kDefaults[name]}`;
  const model = of('model') === 'tiny' ? 'tiny' : 'moby';
  const threads = Math.floor(Number(of('threads')));
  return {
    model,
    to: lengthsOf(model).includes(Number(of('to'))) ? Number(of('to')) : kDefaults.to,
    storage: kStorages.find((name) => name === of('storage')) ?? kDefaults.storage,
    mode: of('mode') === 'fast' ? 'fast' : 'exact',
    axes: of('axes') === 'linear' ? 'linear' : 'log',
    threads: threads >= 1 && threads <= maxThreads ? threads : 1,
  };
}
