import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { mainFunction, parseAssembly, type AsmFunction } from '#lab/compiler/assembly.ts';
import type { Diagnostic } from '#lab/compiler/diagnostics.ts';
import { loopReports } from '#lab/compiler/loops.ts';
import { renderInstructions, renderLoops, renderLoopTable, type GoTo } from './view.ts';
import { insightStyles } from './styles.ts';
import { labStyles } from '#kit/styles.ts';

const kTabs = { loops: 'Loops', assembly: 'Instructions', compare: 'Compare' } as const;
type Tab = keyof typeof kTabs;

/**
 * What the compiler made of the code.
 *
 * Properties: `remarks` and `assembly` of one compilation (null: there was none) and `compiled`, the source that they speak of; `starter`,
 * `own` and `solution` (null: not revealed) to compare.
 * Event: `go-to` with {line, column}, as clang counts them.
 */
export class CodeInsight extends LitElement {
  static override properties = {
    remarks: { attribute: false },
    assembly: { attribute: false },
    compiled: { attribute: false },
    starter: { attribute: false },
    own: { attribute: false },
    solution: { attribute: false },
  };
  declare remarks: Diagnostic[] | null;
  declare assembly: string | null;
  declare compiled: string | null;
  declare starter: string;
  declare own: string;
  declare solution: string | null;

  static override styles = [labStyles, insightStyles];

  #tab: Tab = 'loops';
  #functions: AsmFunction[] = [];
  #chosen = 0;
  /** Loaded when it is first looked at. */
  #hasDiff = false;
  #failure = '';

  constructor() {
    super();
    [this.remarks, this.assembly, this.compiled, this.solution] = [null, null, null, null];
    [this.starter, this.own] = ['', ''];
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('assembly')) return;
    const before = this.#functions[this.#chosen]?.symbol;
    this.#functions = this.assembly === null ? [] : parseAssembly(this.assembly);
    const same = this.#functions.findIndex(({ symbol }) => symbol === before);
    this.#chosen = same === -1 ? mainFunction(this.#functions) : same;
  }

  readonly #goTo: GoTo = (line, column) => {
    this.dispatchEvent(new CustomEvent('go-to', { detail: { line, column } }));
  };

  #open(tab: Tab): void {
    this.#tab = tab;
    this.requestUpdate();
    if (tab !== 'compare' || this.#hasDiff) return;
    import('../code-diff/element.ts').then(
      () => {
        this.#hasDiff = true;
        this.requestUpdate();
      },
      () => {
        this.#failure = 'The comparison could not be loaded.';
        this.requestUpdate();
      },
    );
  }

  /** Arrows move among the tabs, as screen readers' users expect of them. */
  #onKey(event: KeyboardEvent): void {
    const tabs = Object.keys(kTabs) as Tab[];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(this.#tab) + step + tabs.length) % tabs.length]!;
    this.#open(next);
    this.renderRoot.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  }

  override render(): TemplateResult {
    return html`<div
        class="tabs"
        role="tablist"
        aria-label="About the code"
        @keydown=${(e: KeyboardEvent) => this.#onKey(e)}
      >
        ${Object.entries(kTabs).map(
          ([tab, title]) =>
            html`<button
              id="tab-${tab}"
              role="tab"
              aria-selected=${tab === this.#tab}
              aria-controls="panel"
              tabindex=${tab === this.#tab ? 0 : -1}
              @click=${() => this.#open(tab as Tab)}
            >
              ${title}
            </button>`,
        )}
      </div>
      <div class="panel" id="panel" role="tabpanel" aria-labelledby="tab-${this.#tab}">${this.#renderPanel()}</div>`;
  }

  #renderPanel(): TemplateResult {
    if (this.#tab === 'compare') return this.#renderCompare();
    const isLoops = this.#tab === 'loops';
    if ((isLoops ? this.remarks : this.assembly) === null) {
      return html`<p class="muted">Run code that compiles to see what the compiler makes of it.</p>`;
    }
    const isOld = this.compiled !== null && this.compiled !== this.own;
    return html`${isOld ? html`<p class="muted small">Of the code as it was compiled last; it has changed since.</p>` : nothing}
    ${isLoops ? renderLoops(loopReports(this.remarks ?? []), this.compiled, this.#goTo) : this.#renderAssembly()}`;
  }

  #renderAssembly(): TemplateResult {
    const shown = this.#functions[this.#chosen];
    if (shown === undefined) return html`<p class="muted">There are no functions in the module.</p>`;
    return html`<div class="row">
        <label class="field"
          >Function
          <select
            @change=${(event: Event) => {
              this.#chosen = Number((event.target as HTMLSelectElement).value);
              this.requestUpdate();
            }}
          >
            ${this.#functions.map(
              ({ name, instructions, simd }, i) =>
                html`<option value=${i} .selected=${i === this.#chosen}>
                  ${name}: ${instructions} instructions, ${simd} SIMD
                </option>`,
            )}
          </select></label
        >
        <span class="small key">WebAssembly; <span class="simd">SIMD</span>, inner loops marked</span>
      </div>
      ${renderLoopTable(shown, (loop) => this.#show(loop), this.#goTo)} ${renderInstructions(shown)}`;
  }

  /** Within its own box: the page stays where it is. */
  #show(loop: number): void {
    const title = this.renderRoot.querySelector<HTMLElement>(`#loop-${loop}`);
    const box = this.renderRoot.querySelector<HTMLElement>('.asm');
    if (title === null || box === null) return;
    box.scrollTop += title.getBoundingClientRect().top - box.getBoundingClientRect().top - 8;
    box.focus({ preventScroll: true });
  }

  #renderCompare(): TemplateResult {
    if (this.#failure !== '') return html`<p class="error" role="alert">${this.#failure}</p>`;
    if (!this.#hasDiff) return html`<p class="muted">Loading the comparison…</p>`;
    return html`<code-diff .starter=${this.starter} .own=${this.own} .solution=${this.solution}></code-diff>`;
  }
}

customElements.define('code-insight', CodeInsight);
