import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { cellsComputed, decoderOf, headSummary, policyText, type KeepPolicy } from '../cache-views.ts';
import type { Settings } from '#lab/url-state.ts';
import { percent, thousands, threeDigits } from '#lab/text.ts';
import { drawMap, drawThumbnail, renderCell, renderKey, renderMarks, renderRowTable, type MapDrawing } from './view.ts';
import type task from './task.ts';
import type { AttentionMaps } from './task.ts';
import { attentionMapStyles } from './styles.ts';
import { kSinkChoices, kWindowChoices, policyOf } from '../cache-policy.ts';
import { engine } from '#kit/context.ts';
import { LabElement } from '#kit/lab-element.ts';
import { labStyles } from '#kit/styles.ts';
import { nearView } from '#kit/near-view.ts';

const kModels = { tiny: 'lmTiny', lm: 'lm' } as const;
const kModelChoices: [string, string][] = [
  ['tiny', 'moby-lm-tiny, 1 MB'],
  ['lm', 'moby-lm, 5 MB'],
];
type ModelName = keyof typeof kModels;

const kMostTokens = 64;
const kText =
  'The old whale rose beside the boat, and the old captain saw the whale. The whale was white, and the captain';
/** After the last key that was pressed in the text. */
const kPauseMs = 600;

/**
 * Where each head of a real model looks, on a text that the reader may change, and which cells a step computes with a cache and without.
 *
 * Attributes: `text`, `window`, `sinks`, `model` (tiny or lm), `id` (names its settings in the address; default `map`).
 */
export class AttentionMap extends LabElement {
  #model: ModelName = 'tiny';
  #policy: KeepPolicy | null = null;
  #text = kText;
  #maps: AttentionMaps | null = null;
  #layer = 0;
  #head = 0;
  #newest = 0;
  #chosen = { query: 0, key: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The settings have changed while another experiment ran. */
  #stale = false;
  #loading = false;

  static override styles = [labStyles, attentionMapStyles];

  protected override async prepare(): Promise<void> {
    await nearView(this);
    await super.prepare();
    const saved = this.settings(this.#key);
    this.#model = (saved['model'] ?? this.getAttribute('model')) === 'lm' ? 'lm' : 'tiny';
    this.#policy = policyOf(this, saved, { window: 0, sinks: 0, storage: 'f32' });
    this.#text = saved['text'] ?? this.getAttribute('text') ?? kText;
    this.#layer = Number(saved['layer'] ?? 1);
    this.#head = Number(saved['head'] ?? 0);
    this.#newest = Number(saved['newest'] ?? kMostTokens);
    await this.#compute();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  get #key(): string {
    return this.id || 'map';
  }
  protected override get settingsKey(): string {
    return this.#key;
  }

  async #compute(): Promise<void> {
    if (this.#policy === null) return;
    this.#stale = this.blocked;
    if (this.#stale) return;
    this.#loading = true;
    this.requestUpdate();
    try {
      const decoder = decoderOf(this.#policy);
      const options = { model: kModels[this.#model], text: this.#text, tokens: kMostTokens, decoder };
      const maps = await engine.ask<typeof task>('03-memory/attention-map', options);
      this.#maps = maps;
      this.#layer = within(this.#layer, maps.layers);
      this.#head = within(this.#head, maps.heads);
      this.#setNewest(this.#newest);
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
      drawThumbnail(thumbnail, drawing.maps, this.#layer, head);
    }
  }

  get #drawing(): MapDrawing | null {
    if (this.#maps === null || this.#policy === null) return null;
    return {
      maps: this.#maps,
      layer: this.#layer,
      head: this.#head,
      newest: this.#newest,
      policy: this.#policy,
    };
  }

  #save(): void {
    const { window, sinks } = this.#policy!;
    const own: Settings = this.#text === (this.getAttribute('text') ?? kText) ? {} : { text: this.#text };
    this.saveSettings(this.#key, {
      model: this.#model,
      layer: String(this.#layer),
      head: String(this.#head),
      window: String(window),
      sinks: String(sinks),
      newest: String(this.#newest),
      ...own,
    });
    this.requestUpdate();
  }

  #changePolicy(change: Partial<KeepPolicy>): void {
    this.#policy = { ...this.#policy!, ...change };
    if (this.#policy.window === 0) this.#policy.sinks = 0;
    this.#save();
    void this.attempt(() => this.#compute());
  }

  #changeText(text: string): void {
    this.#text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#newest = kMostTokens;
      this.#save();
      if (text.trim() !== '') void this.attempt(() => this.#compute());
    }, kPauseMs);
  }

  #changeModel(model: ModelName): void {
    this.#model = model;
    this.#save();
    void this.attempt(() => this.#compute());
  }

  #select(layer: number, head: number): void {
    [this.#layer, this.#head] = [layer, head];
    this.#save();
  }

  #setNewest(position: number): void {
    const T = this.#maps?.tokens.length ?? 1;
    this.#newest = within(position, T);
    this.#choose(this.#newest, Math.min(this.#chosen.key, this.#newest));
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
      ${this.renderHead('Where attention looks')}
      ${this.#policy === null ? this.#renderWaiting() : this.#renderSettings(this.#policy)}
      ${drawing === null ? nothing : html`${this.#renderHeads(drawing)} ${this.#renderBoard(drawing)}`}
      ${this.renderError()}
    </div>`;
  }

  #renderWaiting(): TemplateResult | typeof nothing {
    return this.error === null ? html`<p class="section muted small">Loading the model…</p>` : nothing;
  }

  #renderSettings(policy: KeepPolicy): TemplateResult {
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
          .value=${this.#text}
          @input=${(event: Event) => this.#changeText((event.target as HTMLTextAreaElement).value)}
        ></textarea>
      </label>
      <div class="row second">
        ${this.renderSelect('Model', this.#model, kModelChoices, (model) => this.#changeModel(model === 'lm' ? 'lm' : 'tiny'))}
        ${this.renderSelect('Layer', String(this.#layer), layers, (layer) => this.#select(Number(layer), this.#head))}
        ${this.renderSelect('Window', String(policy.window), kWindowChoices, (window) =>
          this.#changePolicy({ window: Number(window) }),
        )}
        ${this.renderSelect(
          'Sinks',
          String(policy.sinks),
          kSinkChoices,
          (sinks) => this.#changePolicy({ sinks: Number(sinks) }),
          policy.window === 0,
        )}
        <span class="muted small" role="status">${note}</span>
      </div>
    </div>`;
  }

  #renderHeads({ maps }: MapDrawing): TemplateResult {
    const group = maps.heads / maps.kvHeads;
    return html`<div class="section">
      <p class="small muted" id="heads-note">
        Heads of layer ${this.#layer}; ${group === 1 ? 'each has' : `${group} neighbours share`} a key and value head.
      </p>
      <div class="heads" role="group" aria-label="Heads">
        ${Array.from({ length: maps.heads }, (_, head) => {
          const { distance, first } = headSummary(maps, this.#layer, head);
          return html`<button
            aria-pressed=${head === this.#head}
            title="looks ${threeDigits(distance)} tokens back on average; ${percent(first)} goes to the first token"
            @click=${() => this.#select(this.#layer, head)}
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
    const { distance, first } = headSummary(maps, this.#layer, this.#head);
    const cells = cellsComputed(newest, policy);
    return html`<div class="section board">
        <div>
          <div class="map">
            <canvas
              tabindex="0"
              role="application"
              aria-label="Attention of layer ${this.#layer}, head ${this.#head}: ${T} queries down, ${T} keys across. Arrow keys move the chosen cell."
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
                @change=${() => this.#save()}
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
            Head ${this.#head} looks ${threeDigits(distance)} tokens back on average, and gives the first token
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
