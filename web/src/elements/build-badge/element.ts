import { css, html, LitElement } from 'lit';
import { messageOf } from '#lab/errors.ts';
import { buildLabel } from '#lab/features.ts';
import { engine } from '#kit/context.ts';

/** Says which of the four builds runs on this page, and why. */
export class BuildBadge extends LitElement {
  static override styles = css`
    :host {
      display: block;
      font-size: 0.875rem;
      line-height: 1.5;
      color: var(--sl-color-gray-2);
    }
    /* As high as it will be once it says which build runs, so that nothing below moves. */
    @media (max-width: 30rem) {
      :host {
        min-height: 6em;
      }
    }
    p {
      display: flex;
      gap: 0.7rem;
      margin: 0;
      align-items: baseline;
    }
    .lamp {
      flex: none;
      width: 0.6rem;
      height: 0.6rem;
      border-radius: 50%;
      background: var(--sl-color-gray-4);
    }
    .on .lamp {
      background: var(--lab-good);
    }
    .off .lamp {
      background: var(--lab-bad);
    }
    strong {
      color: var(--sl-color-white);
      font-weight: 600;
    }
  `;

  #error: unknown = null;
  readonly #onChange = () => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    engine.addEventListener('change', this.#onChange);
    engine.start().catch((error: unknown) => {
      this.#error = error;
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    engine.removeEventListener('change', this.#onChange);
  }

  override render() {
    const running = engine.running;
    if (running !== null) {
      const { choice, info } = running;
      return html`<p class="on" role="status">
        <span class="lamp" aria-hidden="true"></span>
        <span><strong>Running here: ${buildLabel(choice.build, info.threads)}.</strong> ${choice.why}</span>
      </p>`;
    }
    if (this.#error !== null) {
      return html`<p class="off" role="status">
        <span class="lamp" aria-hidden="true"></span>
        <span><strong>The engine does not run.</strong> ${messageOf(this.#error)}</span>
      </p>`;
    }
    return html`<p role="status"><span class="lamp" aria-hidden="true"></span><span>Starting the engine…</span></p>`;
  }
}

customElements.define('build-badge', BuildBadge);
