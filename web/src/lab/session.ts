import type { GuestSlot } from './guest-slots.ts';
import type { Guest, Guests } from './plug.ts';
import type { RaceReport } from './race.ts';
import type { Peak } from './types.ts';

/** What the experiments of a page tell each other. Fires `change`. */
export class Session extends EventTarget {
  #race: RaceReport | null = null;
  #peaks: readonly Peak[] = [];
  #guests: Guests = new Map();

  /** The reader's functions that have passed an exercise, by the library's slots that they fit. */
  get guests(): Guests {
    return this.#guests;
  }
  /** Adds a guest, or replaces it. */
  offer(slot: GuestSlot, guest: Guest): void {
    this.#guests = new Map(this.#guests).set(slot, guest);
    this.dispatchEvent(new Event('change'));
  }
  /** Those that a task can use. */
  guestsFor(slots: readonly GuestSlot[]): Guests {
    return new Map([...this.#guests].filter(([slot]) => slots.includes(slot)));
  }

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
