/** A cache with sinks and a window, by playing it: nobody computes a slot. */
export class Ring {
  /** The position in each slot that is filled. */
  readonly slots: number[] = [];
  /** The slot of the latest position. */
  slot = -1;
  /** Whose place it took, or -1. */
  evicted = -1;
  readonly #window: number;
  readonly #sinks: number;

  private constructor(window: number, sinks: number) {
    this.#window = window;
    this.#sinks = sinks;
  }

  /** With the tokens 0 to `position` appended. */
  static after(position: number, window: number, sinks: number): Ring {
    const ring = new Ring(window, sinks);
    for (let p = 0; p <= position; ++p) ring.#append(p);
    return ring;
  }

  #append(position: number): void {
    if (this.slots.length < this.#window + this.#sinks) {
      this.slot = this.slots.length;
      this.evicted = -1;
    } else {
      this.evicted = Math.min(...this.slots.slice(this.#sinks));
      this.slot = this.slots.indexOf(this.evicted);
    }
    this.slots[this.slot] = position;
  }

  holds(position: number): boolean {
    return this.slots.includes(position);
  }

  /** For messages: what is in the slots. */
  picture(): string[] {
    const width = Math.max(...this.slots).toString().length;
    const row = (values: readonly (number | string)[]) => values.map((v) => String(v).padStart(width)).join(' ');
    const marks = this.slots.map((_, slot) => (slot < this.#sinks ? 's' : slot === this.slot ? '^' : ' '));
    return this.slots.length > 24 ? [] : [row(this.slots), row(marks)];
  }
}
