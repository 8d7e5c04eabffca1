// The site's service worker: keeps the site for offline use and adds the isolation headers that a host leaves out. What it does is in
// lab/offline; web/plugins/service-worker.ts bundles it to /sw.js with the list of the site's files.
import { relaxedSimd } from '../lab/features.ts';
import { kMeasuringLock } from '../lab/measuring.ts';
import { SiteKeeper } from '../lab/offline/keeper.ts';
import type { SiteManifest } from '../lab/offline/manifest.ts';
import { isRequest, type StateMessage } from '../lab/offline/messages.ts';

// TypeScript keeps a worker's types and a page's apart; of a service worker's we need these.
interface LastingEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface RequestEvent extends LastingEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface ServiceWorkerScope {
  readonly caches: CacheStorage;
  readonly location: Location;
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { includeUncontrolled: boolean }): Promise<{ postMessage(message: unknown): void }[]>;
  };
  addEventListener(type: 'activate', listener: (event: LastingEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: RequestEvent) => void): void;
  addEventListener(type: 'message', listener: (event: LastingEvent & { readonly data: unknown }) => void): void;
}

/** Filled in by the build. */
declare const __OPTLAB_SITE__: SiteManifest;

const scope = globalThis as unknown as ServiceWorkerScope;

const keeper = new SiteKeeper(__OPTLAB_SITE__, {
  caches: scope.caches,
  origin: scope.location.origin,
  fetch: (request, options) => fetch(request, options),
  engine: async () => (relaxedSimd() ? 'relaxed' : 'simd'),
  isMeasuring: async () => {
    const held = (await navigator.locks?.query())?.held ?? [];
    return held.some(({ name }) => name === kMeasuringLock);
  },
});

async function tellPages(): Promise<void> {
  const message: StateMessage = { type: 'optlab-offline', state: await keeper.state() };
  const pages = await scope.clients.matchAll({ includeUncontrolled: true });
  for (const page of pages) page.postMessage(message);
}

async function fill(): Promise<void> {
  const filled = keeper.fill();
  await tellPages();
  await filled;
  await deleteOlder();
  await tellPages();
}

/** Only once this worker is the only one: one that waits has a version of its own, and one that is older still uses it. */
async function deleteOlder(): Promise<void> {
  const { installing, waiting } = scope.registration;
  if (installing === null && waiting === null) await keeper.deleteOlder();
}

// A new version waits (no skipWaiting) until the last page of the old one is closed, so that no page loses its scripts under its feet.
scope.addEventListener('activate', (event) => {
  event.waitUntil(deleteOlder().then(() => scope.clients.claim()));
});

scope.addEventListener('fetch', (event) => {
  if (!keeper.concerns(event.request)) return;
  event.respondWith(keeper.answer(event.request, (work) => event.waitUntil(work)));
});

scope.addEventListener('message', (event) => {
  if (!isRequest(event.data)) return;
  switch (event.data.type) {
    case 'state':
      return event.waitUntil(tellPages());
    case 'fill':
      return event.waitUntil(fill());
    case 'pause':
      return keeper.pause();
    case 'clear':
      return event.waitUntil(keeper.clear().then(tellPages));
    case 'keep':
      return event.waitUntil(keeper.keep().then(fill));
  }
});
