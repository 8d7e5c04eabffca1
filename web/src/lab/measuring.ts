/** Says that something is being measured, to this page and to the others of the site, so that nothing else is done meanwhile. */

/** Held (shared) while a page measures: the service worker sees it from outside, and a tab that dies lets go of it by itself. */
export const kMeasuringLock = 'optlab-measuring';

/** Fires `change` when the first measurement begins and when the last one has ended. */
export class Measuring extends EventTarget {
  #count = 0;

  get active(): boolean {
    return this.#count > 0;
  }

  /** To be called before a measurement; the function that it returns, after it. */
  begin(): () => void {
    if (++this.#count === 1) this.dispatchEvent(new Event('change'));
    let ended = false;
    let release = () => {};
    globalThis.navigator?.locks
      ?.request(kMeasuringLock, { mode: 'shared' }, () =>
        ended ? undefined : new Promise<void>((end) => (release = end)),
      )
      .catch(() => {}); // without locks only this page knows
    return () => {
      if (ended) return;
      ended = true;
      release();
      if (--this.#count === 0) this.dispatchEvent(new Event('change'));
    };
  }
}

/** This page's. */
export const measuring = /* @__PURE__ */ new Measuring(); // nobody measures in the service worker
