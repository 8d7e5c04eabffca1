import { files } from 'virtual:optlab-manifest';
import { megabytes } from '#lab/offline/manifest.ts';

const titled = (parameters: string, asset: 'lm' | 'lmTiny') => {
  return { title: `Moby-Dick, ${parameters} parameters (${megabytes(files[asset].bytes)})`, asset };
};

export const kModels = {
  moby: titled('2.5 M', 'lm'),
  tiny: titled('0.5 M', 'lmTiny'),
} as const;
export type ModelName = keyof typeof kModels | 'own';

export const kCounts = [16, 64, 128, 200, 240];
export const kWeights = ['f32', 'fp16', 'int8', 'int8-dot', 'int4'] as const;

export interface Settings {
  model: ModelName;
  prompt: string;
  count: number;
  weights: (typeof kWeights)[number];
  fast: boolean;
  temperature: number;
  topK: number;
  topP: number;
  repetitionPenalty: number;
  seed: number;
  threads: number;
}

export const kDefaults: Settings = {
  model: 'moby',
  prompt: 'Call me',
  count: 200,
  weights: 'f32',
  fast: false,
  temperature: 0.8,
  topK: 0,
  topP: 0.95,
  repetitionPenalty: 1,
  seed: 1,
  threads: 1,
};

/** Settings from texts by name; what is missing or not allowed is the page's own. */
export function settingsOf(text: (name: keyof Settings) => string | null | undefined, maxThreads: number): Settings {
  const of = (name: keyof Settings) => text(name) ?? `${kDefaults[name]}`;
  const number = (name: keyof Settings, low: number, high: number) => {
    const value = Number(of(name));
    return value >= low && value <= high ? value : (kDefaults[name] as number);
  };
  return {
    model: Object.hasOwn(kModels, of('model')) ? (of('model') as ModelName) : kDefaults.model,
    prompt: of('prompt').slice(0, 300),
    count: kCounts.includes(Number(of('count'))) ? Number(of('count')) : kDefaults.count,
    weights: kWeights.find((name) => name === of('weights')) ?? kDefaults.weights,
    fast: of('fast') === 'true',
    temperature: number('temperature', 0, 5),
    topK: Math.floor(number('topK', 0, 1000)),
    topP: number('topP', 0.01, 1),
    repetitionPenalty: number('repetitionPenalty', 1, 5),
    seed: Math.floor(number('seed', 0, 1e9)),
    threads: Math.min(Math.floor(number('threads', 1, 64)), maxThreads),
  };
}

/** What differs from the page's own settings, for the address; a file of the reader's can't be in it. */
export function changedOf(settings: Settings): Record<string, string> {
  const changed = Object.entries(settings).filter(
    ([name, value]) => value !== kDefaults[name as keyof Settings] && value !== 'own',
  );
  return Object.fromEntries(changed.map(([name, value]) => [name, `${value}`]));
}
