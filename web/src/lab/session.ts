import type { DecoderStep } from './guest.ts';
import type { Guest } from './plug.ts';
import type { RaceReport } from './race.ts';
import type { Peak } from './types.ts';

/** The reader's own product, which races and classifies beside the library's rungs. */
export interface OwnKernel extends Guest {
  /** Of the exercise that it passed. */
  title: string;
}

/** What the experiments of a page tell each other. Fires `change`. */
export class Session extends EventTarget {
  #race: RaceReport | null = null;
  #peaks: readonly Peak[] = [];

  #own: OwnKernel | null = null;
  #ownSteps: ReadonlyMap<DecoderStep, OwnKernel> = new Map();

  /** Code of the reader's that has passed an exercise, or null. */
  get own(): OwnKernel | null {
    return this.#own;
  }
  set own(kernel: OwnKernel | null) {
    this.#own = kernel;
    this.dispatchEvent(new Event('change'));
  }

  /** The steps of a decoder that the reader's code has passed the exercises of; a decoder can run them once `attend` is there. */
  get ownSteps(): ReadonlyMap<DecoderStep, OwnKernel> {
    return this.#ownSteps;
  }
  /** Adds a step, or replaces it. */
  offerStep(step: DecoderStep, kernel: OwnKernel): void {
    this.#ownSteps = new Map(this.#ownSteps).set(step, kernel);
    this.dispatchEvent(new Event('change'));
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
