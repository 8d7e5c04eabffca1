import { measuring } from '#lab/measuring.ts';
import { claimReload } from '#lab/offline/isolation.ts';
import type { OfflineState } from '#lab/offline/keeper.ts';
import { isStateMessage, type Request } from '#lab/offline/messages.ts';

/** The site's files are downloaded only after so much time without a measurement. */
const kIdleMs = 2000;
const kRetryMs = 60_000;
/** A page that nobody has touched may reload for isolation, but not after so long. */
const kReloadLimitMs = 5000;

/** A page's side of the service worker. Fires `change`. */
class Offline extends EventTarget {
  #registration: ServiceWorkerRegistration | null = null;
  #state: OfflineState | null = null;
  #nextReady = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #touched = false;

  /** The state of the version that answers this page's requests; null where there is no service worker (yet). */
  get state(): OfflineState | null {
    return this.#state;
  }

  /** Another version is there as a whole, and waits until the site's pages are closed. */
  get nextReady(): boolean {
    return this.#nextReady;
  }

  /** Does nothing where service workers are missing or refused (private windows, plain http): the site works without. */
  async start(base: string): Promise<void> {
    if (!('serviceWorker' in navigator)) return;
    const { serviceWorker } = navigator;
    const controlled = serviceWorker.controller !== null;
    for (const type of ['pointerdown', 'keydown', 'wheel']) {
      addEventListener(type, () => (this.#touched = true), { once: true, capture: true, passive: true });
    }
    serviceWorker.addEventListener('message', ({ data, source }) => {
      if (isStateMessage(data)) this.#receive(data.state, source);
    });
    // Where the page is isolated nothing is urgent; otherwise the sooner the worker is there, the less a reload disturbs.
    if (crossOriginIsolated) await loaded();
    const registration = await serviceWorker.register(`${base}sw.js`, { scope: base }).catch(() => undefined);
    if (registration === undefined) return;
    this.#registration = registration;
    if (!crossOriginIsolated && !controlled) await this.#reloadOnce(registration);
    await loaded();
    this.#watch(registration);
  }

  /** Deletes all that is kept, and keeps nothing more. */
  clear(): void {
    this.#post(this.#registration?.active, 'clear');
  }

  /** The opposite. */
  keep(): void {
    this.#post(this.#registration?.active, 'keep');
  }

  async #reloadOnce(registration: ServiceWorkerRegistration): Promise<void> {
    const late = new Promise<false>((settle) => setTimeout(settle, kReloadLimitMs, false));
    if (!(await Promise.race([activated(registration), late]))) return;
    const page = {
      isolated: crossOriginIsolated,
      controlled: false,
      framed: window.top !== window,
      inUse: this.#touched || measuring.active,
    };
    if (claimReload(page, sessionStore())) location.reload();
  }

  #watch(registration: ServiceWorkerRegistration): void {
    measuring.addEventListener('change', () => this.#schedule(kIdleMs));
    addEventListener('online', () => this.#schedule(kIdleMs));
    registration.addEventListener('updatefound', () => {
      const found = registration.installing;
      found?.addEventListener('statechange', () => this.#schedule(kIdleMs));
    });
    this.#post(registration.active, 'state');
    this.#schedule(kIdleMs);
  }

  /** Lets the newest worker download what it lacks once this page has been idle; a measurement ends that at once. */
  #schedule(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (measuring.active) {
      this.#post(this.#registration?.active, 'pause');
      this.#post(this.#registration?.waiting, 'pause');
      return;
    }
    this.#timer = setTimeout(() => {
      if (wantsLessData()) return;
      this.#post(this.#registration?.waiting ?? this.#registration?.active, 'fill');
    }, milliseconds);
  }

  #receive(state: OfflineState, source: unknown): void {
    if (source === this.#registration?.waiting) {
      this.#nextReady = state.phase === 'ready';
    } else {
      this.#state = state;
    }
    if (state.failure !== null) this.#schedule(kRetryMs);
    this.dispatchEvent(new Event('change'));
  }

  #post(worker: ServiceWorker | null | undefined, type: Request['type']): void {
    worker?.postMessage({ type } satisfies Request);
  }
}

function loaded(): Promise<void> {
  if (document.readyState === 'complete') return Promise.resolve();
  return new Promise((settle) => addEventListener('load', () => settle(), { once: true }));
}

/** True once the registration has a worker that will answer the next page. */
function activated(registration: ServiceWorkerRegistration): Promise<boolean> {
  if (registration.active !== null) return Promise.resolve(true);
  const worker = registration.installing ?? registration.waiting;
  if (worker === null) return Promise.resolve(false);
  return new Promise((settle) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') settle(true);
      if (worker.state === 'redundant') settle(false);
    });
  });
}

function sessionStore(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

/** The reader asked the browser to save data. */
function wantsLessData(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
}

/** One for the page. */
export const offline = new Offline();
