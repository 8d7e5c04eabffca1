import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { cellsComputed, decoderOf, headSummary, kSinks, kWindows, policyText } from '../cache-views.ts';
import { percent, thousands, threeDigits } from '#lab/text.ts';
import { drawMap, drawThumbnail, renderCell, renderKey, renderMarks, renderRowTable, type MapDrawing } from './view.ts';
import type task from './task.ts';
import type { AttentionMaps } from './task.ts';
import { attentionMapStyles } from './styles.ts';
import { settlePolicy, windowField } from '../cache-policy.ts';
import { engine } from '#kit/context.ts';
import { Experiment } from '#kit/experiment.ts';
import { oneOf, own, range } from '#kit/fields.ts';
import { labStyles } from '#kit/styles.ts';
import { nearView } from '#kit/near-view.ts';

const kModels = { tiny: 'lmTiny', lm: 'lm' } as const;
const kMostTokens = 64;
const kText =
  'The old whale rose beside the boat, and the old captain saw the whale. The whale was white, and the captain';
/** As many as the model turns out to have. */
const index = (label: string, initial: number) => ({
  ...range(label, [0, 1e6], initial, { whole: true }),
  control: { kind: 'select', options: [] } as const,
});
const kFields = {
  model: oneOf('Model', ['tiny', 'lm'], 'tiny', (name) => (name === 'lm' ? 'moby-lm, 5 MB' : 'moby-lm-tiny, 1 MB')),
  layer: index('Layer', 1),
  head: index('Head', 0),
  window: windowField(kWindows, 0),
  sinks: oneOf('Sinks', kSinks, 0),
  newest: index('Newest token', kMostTokens),
  text: own(kText),
};
/** After the last key that was pressed in the text. */
const kPauseMs = 600;

/**
 * Where each head of a real model looks, on a text that the reader may change, and which cells a step computes with a cache and without.
 *
 * Attributes: `text`, `window`, `sinks`, `model` (tiny or lm), `id` (names its settings in the address; default `map`).
 */
export class AttentionMap extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'map';

  #maps: AttentionMaps | null = null;
  #chosen = { query: 0, key: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The settings have changed while another experiment ran. */
  #stale = false;
  #loading = false;

  static override styles = [labStyles, attentionMapStyles];

  protected override async prepare(): Promise<void> {
    await nearView(this);
    await super.prepare();
    await this.#compute();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  protected override settle = settlePolicy;

  /** A text that isn't the page's own is in the address. */
  protected override inAddress(name: string): boolean {
    return name !== 'text' || !this.prepared || this.values.text !== (this.getAttribute('text') ?? kText);
  }

  async #compute(): Promise<void> {
    this.#stale = this.blocked;
    if (this.#stale) return;
    this.#loading = true;
    this.requestUpdate();
    try {
      const { model, text, window, sinks } = this.values;
      const decoder = decoderOf({ window, sinks, storage: 'f32' });
      const options = { model: kModels[model], text, tokens: kMostTokens, decoder };
      const maps = await engine.ask<typeof task>('03-memory/attention-map', options);
      this.#maps = maps;
      const { layer, head, newest } = this.values;
      this.values = { ...this.values, layer: within(layer, maps.layers), head: within(head, maps.heads) };
      this.#setNewest(newest);
    } finally {
      this.#loading = false;
    }
  }

  protected override willUpdate(): void {
    if (this.#stale && !this.blocked) {
      this.#stale = false;
      void this.attempt(() => this.#compute());
    }
  }

  /** The drawings follow what was rendered. */
  protected override updated(_: PropertyValues): void {
    const drawing = this.#drawing;
    if (drawing === null) return;
    const canvas = this.renderRoot.querySelector<HTMLCanvasElement>('.map canvas');
    if (canvas !== null) drawMap(canvas, drawing);
    for (const [head, thumbnail] of this.renderRoot.querySelectorAll<HTMLCanvasElement>('.heads canvas').entries()) {
      drawThumbnail(thumbnail, drawing.maps, this.values.layer, head);
    }
  }

  get #drawing(): MapDrawing | null {
    if (this.#maps === null) return null;
    const { layer, head, newest, window, sinks } = this.values;
    return { maps: this.#maps, layer, head, newest, policy: { window, sinks, storage: 'f32' } };
  }

  /** The layer and the newest token choose among what is there; the others compute it again. */
  protected override change(change: Partial<typeof this.values>): void {
    super.change(change);
    if ('model' in change || 'window' in change || 'sinks' in change) void this.attempt(() => this.#compute());
  }

  #changeText(text: string): void {
    this.values = { ...this.values, text };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.change({ newest: kMostTokens });
      if (text.trim() !== '') void this.attempt(() => this.#compute());
    }, kPauseMs);
  }

  #setNewest(position: number): void {
    const T = this.#maps?.tokens.length ?? 1;
    const newest = within(position, T);
    this.values = { ...this.values, newest };
    this.#choose(newest, Math.min(this.#chosen.key, newest));
  }

  #choose(query: number, key: number): void {
    const T = this.#maps?.tokens.length ?? 1;
    this.#chosen = { query: within(query, T), key: within(key, T) };
    this.requestUpdate();
  }

  #point(event: PointerEvent): void {
    const T = this.#maps?.tokens.length ?? 1;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const cell = (offset: number, size: number) => Math.floor((offset / size) * T);
    this.#choose(cell(event.clientY - box.top, box.height), cell(event.clientX - box.left, box.width));
  }

  #press(event: KeyboardEvent): void {
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    this.#choose(this.#chosen.query + move[0], this.#chosen.key + move[1]);
  }

  override render(): TemplateResult {
    const drawing = this.#drawing;
    return html`<div class="card">
      ${this.renderHead('Where attention looks')} ${this.prepared ? this.#renderSettings() : this.#renderWaiting()}
      ${drawing === null ? nothing : html`${this.#renderHeads(drawing)} ${this.#renderBoard(drawing)}`}
      ${this.renderError()}
    </div>`;
  }

  #renderWaiting(): TemplateResult | typeof nothing {
    return this.error === null ? html`<p class="section muted small">Loading the model…</p>` : nothing;
  }

  #renderSettings(): TemplateResult {
    const maps = this.#maps;
    const note = this.#stale
      ? 'Another experiment is being measured; this one waits for it.'
      : this.#loading
        ? 'Computing…'
        : maps?.cut
          ? `Only the first ${kMostTokens} tokens of the text are read.`
          : '';
    const layers = Array.from({ length: maps?.layers ?? 0 }, (_, i): [string, string] => [String(i), String(i)]);
    return html`<div class="section">
      <label class="text"
        >Text
        <textarea
          rows="3"
          spellcheck="false"
          .value=${this.values.text}
          @input=${(event: Event) => this.#changeText((event.target as HTMLTextAreaElement).value)}
        ></textarea>
      </label>
      <div class="row second">
        ${this.renderField('model')} ${this.renderField('layer', layers)} ${this.renderField('window')}
        ${this.renderField('sinks', undefined, this.working || this.values.window === 0)}
        <span class="muted small" role="status">${note}</span>
      </div>
    </div>`;
  }

  #renderHeads({ maps }: MapDrawing): TemplateResult {
    const group = maps.heads / maps.kvHeads;
    return html`<div class="section">
      <p class="small muted" id="heads-note">
        Heads of layer ${this.values.layer}; ${group === 1 ? 'each has' : `${group} neighbours share`} a key and value
        head.
      </p>
      <div class="heads" role="group" aria-label="Heads">
        ${Array.from({ length: maps.heads }, (_, head) => {
          const { distance, first } = headSummary(maps, this.values.layer, head);
          return html`<button
            aria-pressed=${head === this.values.head}
            title="looks ${threeDigits(distance)} tokens back on average; ${percent(first)} goes to the first token"
            @click=${() => this.change({ head })}
          >
            <canvas aria-hidden="true"></canvas>
            head ${head}
          </button>`;
        })}
      </div>
    </div>`;
  }

  #renderBoard(drawing: MapDrawing): TemplateResult {
    const { maps, newest, policy } = drawing;
    const T = maps.tokens.length;
    const { query, key } = this.#chosen;
    const { distance, first } = headSummary(maps, this.values.layer, this.values.head);
    const cells = cellsComputed(newest, policy);
    return html`<div class="section board">
        <div>
          <div class="map">
            <canvas
              tabindex="0"
              role="application"
              aria-label="Attention of layer ${this.values.layer}, head ${this.values.head}: ${T} queries down, ${T} keys across. Arrow keys move the chosen cell."
              aria-describedby="cell"
              @pointermove=${(event: PointerEvent) => this.#point(event)}
              @pointerdown=${(event: PointerEvent) => this.#point(event)}
              @keydown=${(event: KeyboardEvent) => this.#press(event)}
            ></canvas>
            ${renderMarks(T, newest, this.#chosen)}
          </div>
          <p class="small muted axes">Down: the token that looks (query). Across: the token that it looks at (key).</p>
        </div>
        <div>
          <p class="detail" id="cell" aria-live="polite">${renderCell(drawing, query, key)}</p>
          <div class="row newest-token">
            <label class="field"
              >Newest token
              <input
                type="range"
                min="0"
                max=${T - 1}
                .value=${String(newest)}
                aria-valuetext="position ${newest}, ${maps.tokens[newest] ?? ''}"
                @input=${(event: Event) => this.#setNewest(Number((event.target as HTMLInputElement).value))}
                @change=${() => this.change({})}
              />
              ${newest}</label
            >
          </div>
          <p class="small second">
            The step of position ${newest} computes
            <strong>${thousands(cells.cached)} ${cells.cached === 1 ? 'cell' : 'cells'}</strong> of this head with a
            cache that keeps ${policyText(policy)}; without a cache
            <strong>${thousands(cells.uncached)}</strong
            >${cells.uncached > cells.cached ? `, ${thousands(cells.uncached - cells.cached)} more` : ''}.
          </p>
          <p class="small muted second">
            Head ${this.values.head} looks ${threeDigits(distance)} tokens back on average, and gives the first token
            ${percent(first)}.
          </p>
          ${renderKey()}
        </div>
      </div>
      <div class="section">${renderRowTable(drawing, query)}</div>`;
  }
}

/** A whole number from 0 to below `count`; the nearest there is. */
const within = (value: number, count: number): number =>
  Number.isFinite(value) ? Math.max(0, Math.min(count - 1, Math.floor(value))) : 0;

customElements.define('attention-map', AttentionMap);
