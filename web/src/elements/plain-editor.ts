/** A textarea in the place of <code-editor>, until that is here. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import type { Diagnostic } from '../lab/compiler/diagnostics.ts';

class PlainEditor extends LitElement {
  static override properties = {
    diagnostics: { attribute: false },
    label: {},
    readonly: { type: Boolean },
    plain: { type: Boolean },
  };
  declare diagnostics: Diagnostic[];
  declare label: string;
  declare readonly: boolean;
  declare plain: boolean;
  #value = '';

  static override styles = css`
    textarea {
      display: block;
      width: 100%;
      min-height: 20rem;
      box-sizing: border-box;
      border: 0;
      padding: 0.8rem 1.1rem;
      background: var(--lab-surface);
      color: var(--sl-color-white);
      font: 0.8125rem/1.6 var(--__sl-font-mono);
    }
  `;

  constructor() {
    super();
    this.diagnostics = [];
    this.label = '';
    this.readonly = false;
    this.plain = true;
  }

  get value(): string {
    return this.#area?.value ?? this.#value;
  }
  set value(value: string) {
    this.#value = value;
    if (this.#area) this.#area.value = value;
  }
  get #area(): HTMLTextAreaElement | null {
    return this.renderRoot?.querySelector('textarea') ?? null;
  }
  override focus(): void {
    this.#area?.focus();
  }
  goTo(line: number, column: number): void {
    const lines = this.value.split('\n');
    const at = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
    this.#area?.focus();
    this.#area?.setSelectionRange(at, at);
  }

  override firstUpdated(): void {
    if (this.#area) this.#area.value = this.#value;
  }
  override render(): TemplateResult {
    return html`<textarea
      aria-label=${this.label}
      spellcheck="false"
      wrap="off"
      ?readonly=${this.readonly}
      @input=${() => this.dispatchEvent(new CustomEvent('code-change', { detail: this.value }))}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          this.dispatchEvent(new CustomEvent('run'));
        }
      }}
    ></textarea>`;
  }
}
if (!customElements.get('code-editor')) customElements.define('code-editor', PlainEditor);
