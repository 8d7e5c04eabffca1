import { EditorState, type TransactionSpec } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import type { Diagnostic } from '#lab/compiler/diagnostics.ts';
import {
  changeBetween,
  lineColumnOf,
  markersAfter,
  placeDiagnostics,
  positionOf,
  sameInk,
  type Marker,
} from '#lab/compiler/markers.ts';
import { editorExtensions, EditorSettings, saveHistory, severityLabel, showMarkers, withHistory } from './view.ts';
import { editorStyles } from './styles.ts';
import { watchScheme } from './theme.ts';
import { formatCode } from './format.ts';

/** More are not read by anyone. */
const kMostMessages = 50;

/**
 * C++ to edit, as CodeMirror or, where `plain`, as a text area.
 *
 * Properties: `value`; `diagnostics`, shown at their places until the student edits there; `quiet`, where the page lists those itself;
 * `label`, the accessible name; `plain`; `readonly`; `history`, what Ctrl-Z takes back, as plain data, which counts only beside the `value` it
 * was read with. `label`, `plain`, `readonly` and `quiet` are attributes too.
 * Events: `code-change` (CustomEvent<string>), for what the student does and not for what the page sets; `run` for Ctrl-Enter.
 */
export class CodeEditor extends LitElement {
  static override styles = [editorStyles];
  // Lit hands on what was set before the module had loaded, in this order.
  static override properties = {
    label: { noAccessor: true },
    readonly: { type: Boolean, noAccessor: true },
    plain: { type: Boolean, noAccessor: true },
    quiet: { type: Boolean },
    value: { attribute: false, noAccessor: true },
    history: { attribute: false, noAccessor: true },
    diagnostics: { attribute: false, noAccessor: true },
  };
  declare quiet: boolean;

  readonly #settings = new EditorSettings();
  readonly #extensions = editorExtensions(this.#settings, {
    run: () => this.dispatchEvent(new Event('run')),
    changed: (before, after) => this.#changed(before, after),
  });
  /** The text and its history in both modes; while there is a view, the view's. */
  #kept = EditorState.create({ extensions: this.#extensions });
  #view: EditorView | null = null;
  #plain = false;
  #diagnostics: readonly Diagnostic[] = [];
  /** What of the diagnostics the student has not edited away. */
  #markers: Marker[] = [];
  /** A history that came before its text. */
  #waiting: unknown = null;
  /** The page sets a text: no event. */
  #isSetting = false;
  #status: { text: string; failed: boolean } | null = null;
  #scheme: MutationObserver | null = null;

  constructor() {
    super();
    this.quiet = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#scheme = watchScheme(() => this.#apply(this.#settings.effects()));
    this.#apply(this.#settings.effects());
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#scheme?.disconnect();
    this.#detach();
  }

  get value(): string {
    return this.#state.doc.toString();
  }
  set value(value: string) {
    const text = value.replace(/\r\n?/g, '\n');
    if (text !== this.value) {
      this.#isSetting = true;
      // The first text is the beginning: nothing leads back from it to an empty editor.
      if (this.value === '') this.#begin(EditorState.create({ doc: text, extensions: this.#extensions }));
      else this.#replace(text, 0);
      this.#isSetting = false;
      this.diagnostics = [];
    }
    if (this.#waiting !== null) this.history = this.#waiting;
  }

  get history(): unknown {
    return saveHistory(this.#state);
  }
  set history(saved: unknown) {
    const state = withHistory(this.value, saved, this.#extensions);
    this.#waiting = state === null ? saved : null;
    if (state !== null) this.#begin(state);
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }
  /** Those that are there already stay as the edits since have left them. */
  set diagnostics(diagnostics: readonly Diagnostic[]) {
    if (diagnostics === this.#diagnostics) return;
    this.#diagnostics = diagnostics;
    this.#markers = placeDiagnostics(this.value, diagnostics);
    this.#showMarkers();
  }

  get label(): string {
    return this.#settings.label;
  }
  set label(label: string) {
    this.#settings.label = label;
    this.#apply(this.#settings.effects());
    this.requestUpdate();
  }

  get readonly(): boolean {
    return this.#settings.readonly;
  }
  set readonly(readonly: boolean) {
    this.#settings.readonly = readonly;
    this.#apply(this.#settings.effects());
    this.requestUpdate();
  }

  get plain(): boolean {
    return this.#plain;
  }
  set plain(plain: boolean) {
    if (plain === this.#plain) return;
    this.#plain = plain;
    this.#detach();
    this.requestUpdate();
  }

  /** Puts the cursor there and shows it. Line and column as the compiler counts them, from 1, columns in bytes. */
  goTo(line: number, column: number): void {
    this.#select(positionOf(this.value, line, column));
    this.focus();
  }

  override focus(options?: FocusOptions): void {
    if (this.#view !== null) this.#view.focus();
    else this.#area?.focus(options);
  }

  /** Formats the text in the project's style; what goes wrong is shown under the editor. */
  async format(): Promise<void> {
    const before = this.value;
    this.#say('Formatting…', false);
    try {
      const after = await formatCode(before);
      if (this.value !== before) return this.#say('Not formatted: the code was changed meanwhile.', true);
      if (!this.readonly && after !== before) this.#replace(after, sameInk(before, this.#cursor, after));
      this.#say(after === before ? 'Nothing to format.' : 'Formatted.', false);
    } catch (error) {
      this.#say(`Not formatted: ${error instanceof Error ? error.message : String(error)}.`, true);
    }
  }

  get #state(): EditorState {
    return this.#view?.state ?? this.#kept;
  }
  get #area(): HTMLTextAreaElement | null {
    return this.renderRoot?.querySelector('textarea') ?? null;
  }
  get #cursor(): number {
    return this.#area?.selectionStart ?? this.#state.selection.main.head;
  }

  #apply(change: TransactionSpec): void {
    if (this.#view !== null) return this.#view.dispatch(change);
    const before = this.#kept;
    this.#kept = before.update(change).state;
    if (this.#kept.doc !== before.doc) this.#changed(before, this.#kept);
  }

  #begin(state: EditorState): void {
    if (this.#view === null) this.#kept = state;
    else this.#view.setState(state);
    this.#apply(this.#settings.effects());
    this.#fillArea(0);
    this.#showMarkers();
  }

  /** The view's state outlives the view. */
  #detach(): void {
    this.#kept = this.#state;
    this.#view?.destroy();
    this.#view = null;
  }

  #replace(text: string, cursor: number): void {
    const change = changeBetween(this.value, text);
    if (change === null) return;
    const { from, removed, inserted } = change;
    this.#apply({
      changes: { from, to: from + removed, insert: text.slice(from, from + inserted) },
      selection: { anchor: Math.min(cursor, text.length) },
    });
    this.#fillArea(cursor);
  }

  #fillArea(cursor: number): void {
    const area = this.#area;
    if (area === null || area.value === this.value) return;
    area.value = this.value;
    area.setSelectionRange(cursor, cursor);
  }

  #typed(area: HTMLTextAreaElement): void {
    const change = changeBetween(this.value, area.value);
    if (change === null) return;
    const { from, removed, inserted } = change;
    this.#apply({
      changes: { from, to: from + removed, insert: area.value.slice(from, from + inserted) },
      selection: { anchor: area.selectionEnd },
      userEvent: 'input.type',
    });
  }

  /** After every change of the text, whoever made it. */
  #changed(before: EditorState, after: EditorState): void {
    const [old, now] = [before.doc.toString(), after.doc.toString()];
    const change = changeBetween(old, now);
    if (change !== null && this.#markers.length > 0) {
      this.#markers = markersAfter(this.#markers, old, change);
      this.#showMarkers();
    }
    if (this.#status !== null) this.#say('', false);
    if (!this.#isSetting) this.dispatchEvent(new CustomEvent('code-change', { detail: now }));
  }

  #showMarkers(): void {
    if (this.#view !== null) this.#view.dispatch(showMarkers(this.#view.state, this.#markers));
    this.requestUpdate();
  }

  #select(position: number): void {
    this.#apply({
      selection: { anchor: position },
      effects: EditorView.scrollIntoView(position, { y: 'center' }),
    });
    const area = this.#area;
    if (area === null) return;
    area.setSelectionRange(position, position);
    const { line } = lineColumnOf(this.value, position);
    const lines = this.value.split('\n').length;
    area.scrollTop = (area.scrollHeight * (line - 1)) / lines - area.clientHeight / 2;
  }

  #say(text: string, failed: boolean): void {
    this.#status = text === '' ? null : { text, failed };
    this.requestUpdate();
  }

  protected override updated(): void {
    const parent = this.renderRoot.querySelector('.mirror');
    if (parent !== null && this.#view === null) {
      this.#view = new EditorView({ state: this.#kept, parent, root: this.renderRoot as ShadowRoot });
      this.#showMarkers();
    }
    this.#fillArea(this.#kept.selection.main.head);
  }

  override render(): TemplateResult {
    return html`${this.#plain ? this.#renderArea() : html`<div class="mirror"></div>`}
      <p class="keys" id="keys">
        ${this.#plain ? '' : 'Tab indents; to leave the editor with Tab press Escape first. F8 goes to the next message.'}
        Control and Enter run the code.
      </p>
      ${this.#renderMessages()} ${this.#renderStatus()}`;
  }

  #renderArea(): TemplateResult {
    return html`<textarea
      aria-label=${this.label}
      aria-describedby="keys"
      spellcheck="false"
      autocapitalize="off"
      autocomplete="off"
      autocorrect="off"
      wrap="off"
      ?readonly=${this.readonly}
      @input=${(event: Event) => this.#typed(event.target as HTMLTextAreaElement)}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        this.dispatchEvent(new Event('run'));
      }}
    ></textarea>`;
  }

  #renderMessages(): TemplateResult | typeof nothing {
    if (this.quiet || this.#markers.length === 0) return nothing;
    const more = this.#markers.length - kMostMessages;
    return html`<ol class="messages" aria-label="What the compiler says">
      ${this.#markers.slice(0, kMostMessages).map((marker) => html`<li>${this.#renderMessage(marker)}</li>`)}
      ${more > 0 ? html`<li><p class="note">and ${more} more</p></li>` : nothing}
    </ol>`;
  }

  #renderMessage({ diagnostic, range }: Marker): TemplateResult {
    const { severity, file, line, message } = diagnostic;
    const text = html`<strong>${severityLabel(diagnostic)}</strong><span class="text">${message}</span>`;
    if (range === null) {
      return html`<p class=${severity}>
        ${file === null ? nothing : html`<span class="place">${file}, line ${line}</span>`}${text}
      </p>`;
    }
    const place = lineColumnOf(this.value, range.from);
    return html`<button class=${severity} @click=${() => this.goTo(place.line, place.column)}>
      <span class="place">line ${place.line}</span>${text}
    </button>`;
  }

  #renderStatus(): TemplateResult {
    const { text = '', failed = false } = this.#status ?? {};
    return html`<span class="sr" role="status">${failed ? '' : text}</span>
      ${text === '' || failed ? nothing : html`<p class="status" aria-hidden="true">${text}</p>`}
      ${failed ? html`<p class="status failed" role="alert">${text}</p>` : nothing}`;
  }
}

customElements.define('code-editor', CodeEditor);
