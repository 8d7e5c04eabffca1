import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { megabytes } from '#lab/offline/manifest.ts';
import type { OfflineState } from '#lab/offline/keeper.ts';
import { offline } from './offline.ts';

/** A line at the foot of each page: what of the site is kept in this browser, and a button to change that. Empty without a service worker. */
export class OfflineStateLine extends LitElement {
  static override styles = css`
    :host {
      display: block;
      font-size: 0.8125rem;
      line-height: 1.5;
      color: var(--sl-color-gray-3);
    }
    p {
      margin: 0;
    }
    button {
      padding: 0.15rem 0.2rem;
      border: 0;
      background: none;
      font: inherit;
      color: var(--sl-color-text-accent);
      text-decoration: underline;
      text-underline-offset: 0.2em;
      cursor: pointer;
    }
    button:focus-visible {
      outline: 2px solid var(--sl-color-accent);
      outline-offset: 2px;
    }
  `;

  readonly #onChange = () => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    offline.addEventListener('change', this.#onChange);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    offline.removeEventListener('change', this.#onChange);
  }

  override render() {
    const { state } = offline;
    if (state === null) return nothing;
    const next = offline.nextReady
      ? ' A newer version is here too; it comes up once all pages of this site are closed.'
      : '';
    return html`<p>${sentence(state)}${next} ${this.#renderButton(state)}</p>`;
  }

  /** One button for both, so that the keyboard's focus stays on it. */
  #renderButton({ phase, bytes }: OfflineState): TemplateResult | typeof nothing {
    const isOff = phase === 'off';
    if (!isOff && bytes === 0) return nothing;
    const act = () => (isOff ? offline.keep() : offline.clear());
    return html`<button @click=${act}>${isOff ? 'Keep the site' : 'Delete it'}</button>`;
  }
}

function sentence({ phase, bytes, total, compiler, failure }: OfflineState): string {
  switch (phase) {
    case 'off':
      return 'Nothing is kept for offline use.';
    case 'ready':
      return `Ready for offline use: ${megabytes(bytes)} kept${compiler ? ', and the compiler' : ''}.`;
    case 'filling':
      return `Getting ready for offline use (${megabytes(total)}).`;
    case 'partial':
      return failure === null
        ? `Not ready for offline use yet: ${megabytes(bytes)} of ${megabytes(total)} kept.`
        : `Not ready for offline use: ${failure}. The page tries again.`;
  }
}

customElements.define('offline-state', OfflineStateLine);
