import { cpp } from '@codemirror/lang-cpp';
import { Chunk, MergeView, unifiedMergeView } from '@codemirror/merge';
import { EditorState, Text, type Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { codeTheme, schemeOf, watchScheme } from '../code-editor/theme.ts';
import { labStyles } from '#kit/styles.ts';

/** Narrower than this in CSS pixels, and two columns of code would each be too narrow to read. */
const kTwoColumns = 640;
const kPairs = { starter: ['starter', 'own'], solution: ['own', 'solution'], both: ['starter', 'solution'] } as const;
const kNames = { starter: 'the starter', own: 'your code', solution: 'the solution' } as const;
type Pair = keyof typeof kPairs;

/** What changed between the starter, the student's code and the solution, which is null until it is revealed. */
export class CodeDiff extends LitElement {
  static override properties = {
    starter: { attribute: false },
    own: { attribute: false },
    solution: { attribute: false },
  };
  declare starter: string;
  declare own: string;
  declare solution: string | null;

  static override styles = [
    labStyles,
    css`
      :host {
        margin-block: 0;
        min-width: 0;
      }
      .views {
        margin-top: 0.7rem;
        border: 1px solid var(--lab-line);
        border-radius: 0.4rem;
        overflow: auto;
        max-height: min(36rem, 75vh);
      }
      .titles {
        display: grid;
        grid-template-columns: 1fr 1fr;
        margin-top: 0.7rem;
        font-size: 0.8125rem;
        color: var(--sl-color-gray-3);
      }
      .titles + .views {
        margin-top: 0.2rem;
      }
    `,
  ];

  #pair: Pair = 'starter';
  #isWide = true;
  #shown: { destroy(): void } | null = null;
  #scheme: MutationObserver | null = null;
  readonly #size = new ResizeObserver(([entry]) => {
    const isWide = (entry?.contentRect.width ?? 0) >= kTwoColumns;
    if (isWide === this.#isWide) return;
    this.#isWide = isWide;
    requestAnimationFrame(() => this.requestUpdate()); // as in width.ts
  });

  constructor() {
    super();
    [this.starter, this.own, this.solution] = ['', '', null];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#scheme = watchScheme(() => this.requestUpdate());
    this.#size.observe(this);
    this.requestUpdate();
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#scheme?.disconnect();
    this.#size.disconnect();
    this.#shown?.destroy();
    this.#shown = null;
  }

  get #texts(): [string, string] {
    const [a, b] = kPairs[this.#pair];
    return [this[a] ?? '', this[b] ?? ''];
  }

  protected override willUpdate(): void {
    if (this.solution === null) this.#pair = 'starter';
  }

  protected override updated(): void {
    this.#shown?.destroy();
    const parent = this.renderRoot.querySelector('.views')!;
    const root = this.renderRoot as ShadowRoot;
    const [a, b] = this.#texts;
    const [nameA, nameB] = kPairs[this.#pair].map((name) => kNames[name]);
    const collapse = { collapseUnchanged: { margin: 3, minSize: 8 } };
    if (this.#isWide) {
      const side = (doc: string, name = '') => ({ doc, extensions: reading(name) });
      this.#shown = new MergeView({ a: side(a, nameA), b: side(b, nameB), parent, root, ...collapse });
    } else {
      const merge = unifiedMergeView({ original: a, mergeControls: false, ...collapse });
      const state = EditorState.create({
        doc: b,
        extensions: [reading(`${nameB}, with what ${nameA} has instead`), merge],
      });
      this.#shown = new EditorView({ state, parent, root });
    }
  }

  override render(): TemplateResult {
    const [a, b] = kPairs[this.#pair];
    return html`<div class="row">
        <label class="field"
          >Compare
          <select
            @change=${(event: Event) => {
              this.#pair = (event.target as HTMLSelectElement).value as Pair;
              this.requestUpdate();
            }}
          >
            ${Object.entries(kPairs).map(
              ([pair, [from, to]]) =>
                html`<option
                  value=${pair}
                  .selected=${pair === this.#pair}
                  ?disabled=${pair !== 'starter' && this.solution === null}
                >
                  ${kNames[from]} and ${kNames[to]}
                </option>`,
            )}
          </select></label
        >
        <span class="muted small" role="status">${this.#summary()}</span>
      </div>
      ${
        this.#isWide
          ? html`<div class="titles" aria-hidden="true"><span>${kNames[a]}</span><span>${kNames[b]}</span></div>`
          : nothing
      }
      <div class="views"></div>`;
  }

  #summary(): string {
    const [a, b] = this.#texts.map((text) => Text.of(text.split('\n')));
    const places = Chunk.build(a!, b!).length;
    const hidden = this.solution === null ? ' The solution is not revealed yet.' : '';
    return `${places === 0 ? 'They are the same.' : places === 1 ? 'They differ in one place.' : `They differ in ${places} places.`}${hidden}`;
  }
}

/** An editor that is only read. */
function reading(label: string): Extension {
  return [
    lineNumbers(),
    cpp(),
    codeTheme,
    schemeOf(),
    EditorState.readOnly.of(true),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label }),
    EditorView.theme({
      '&.cm-merge-b .cm-changedLine, .cm-insertedLine, .cm-inlineChangedLine': { backgroundColor: 'var(--code-added)' },
      '&.cm-merge-a .cm-changedLine, .cm-deletedChunk': { backgroundColor: 'var(--code-removed)' },
      '&.cm-merge-b .cm-deletedText': { background: 'color-mix(in srgb, var(--lab-bad) 30%, transparent)' },
      '.cm-collapsedLines': { color: 'var(--sl-color-gray-3)', background: 'var(--lab-surface-2)' },
    }),
  ];
}

customElements.define('code-diff', CodeDiff);
