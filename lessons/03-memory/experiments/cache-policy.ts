/** The policy of a cache as settings. */
import { oneOf } from '#kit/fields.ts';
import { kSinks, kStorages, kWindows, type KeepPolicy } from './cache-views.ts';

export const windowField = (windows: readonly number[], initial: number) =>
  oneOf('Window', windows, initial, (window) => (window === 0 ? 'everything' : `latest ${window}`));

export const keepFields = (initial: KeepPolicy) => ({
  window: windowField(kWindows, initial.window),
  sinks: oneOf('Sinks', kSinks, initial.sinks),
  storage: oneOf('Kept as', kStorages, initial.storage),
});

/** Where everything is kept, nothing is kept longer. */
export const settlePolicy = <T extends { window: number; sinks: number }>(values: T): T =>
  values.window === 0 ? { ...values, sinks: 0 } : values;
