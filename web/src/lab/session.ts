import type { RaceReport } from './protocol.ts';
import type { Peak } from './types.ts';

/** What the experiments of a page tell each other. Fires `change`. */
export class Session extends EventTarget {
  #race: RaceReport | null = null;
  #peaks: readonly Peak[] = [];

  /** The last race, or null. */
  get race(): RaceReport | null {
    return this.#race;
  }
  set race(report: RaceReport | null) {
    this.#race = report;
    this.dispatchEvent(new Event('change'));
  }

  /** The device's measured limits; empty before the roofline has run. */
  get peaks(): readonly Peak[] {
    return this.#peaks;
  }
  set peaks(peaks: readonly Peak[]) {
    this.#peaks = peaks;
    this.dispatchEvent(new Event('change'));
  }
}
