import type { LitElement, ReactiveController } from 'lit';

/** How wide a part of an element is, for drawings that fill it. The element draws itself anew when that changes. */
export class Width implements ReactiveController {
  #value = 640;
  #observed: Element | null = null;
  readonly #host: LitElement;
  readonly #selector: string;
  readonly #observer = new ResizeObserver(([entry]) => {
    const width = Math.round(entry?.contentRect.width ?? 0);
    if (width === 0 || width === this.#value) return; // 0: hidden
    this.#value = width;
    requestAnimationFrame(() => this.#host.requestUpdate()); // at once it would resize again in this frame, which WebKit reports
  });

  /** `selector`: of a part that is there from the first drawing on. */
  constructor(host: LitElement, selector: string) {
    this.#host = host;
    this.#selector = selector;
    host.addController(this);
  }

  /** CSS pixels; a guess until the part was first seen. */
  get value(): number {
    return this.#value;
  }

  hostConnected(): void {
    if (this.#observed !== null) this.#observer.observe(this.#observed);
  }

  hostUpdated(): void {
    if (this.#observed !== null) return;
    this.#observed = this.#host.renderRoot.querySelector(this.#selector);
    if (this.#observed !== null) this.#observer.observe(this.#observed);
  }

  hostDisconnected(): void {
    this.#observer.disconnect();
  }
}
