/** The policy of a cache as elements read and offer it. */
import { kSinks, kStorages, kWindows, numberOf, readPolicy, type KeepPolicy } from './cache-views.ts';
import type { Settings } from '#lab/url-state.ts';
import { texts } from '#kit/lab-element.ts';

/** From the address, else from the element's attributes `window`, `sinks` and `storage`, else `otherwise`. */
export function policyOf(element: Element, saved: Settings, otherwise: KeepPolicy): KeepPolicy {
  const attribute = (name: string) => element.getAttribute(name);
  return readPolicy(saved, {
    window: numberOf(attribute('window'), kWindows, otherwise.window),
    sinks: numberOf(attribute('sinks'), kSinks, otherwise.sinks),
    storage: kStorages.find((name) => name === attribute('storage')) ?? otherwise.storage,
  });
}

export const kWindowChoices = texts(kWindows, (window) => (window === 0 ? 'everything' : `latest ${window}`));
export const kSinkChoices = texts(kSinks);
