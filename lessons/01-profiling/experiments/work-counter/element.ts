import { css, html, nothing, type TemplateResult } from 'lit';
import { parseNumber } from '#lab/check.ts';
import type { LayerWork } from '#lab/types.ts';
import { thousands, threeDigits } from '#lab/text.ts';
import { kindsOf, kLayers, readExtents, type Extents } from './work.ts';
import { engine } from '#kit/context.ts';
import { LabElement } from '#kit/lab-element.ts';
import { labStyles } from '#kit/styles.ts';
import type task from './task.ts';

/** A reader counts a layer's FLOPs and bytes by hand; the library's counter checks. Attributes: `layer`, `id` (names its settings). */
export class WorkCounter extends LabElement {
  #kind = 'linear';
  #extents: Extents = {};
  #typed = { flops: '', bytes: '' };
  #judged: { flops: number | null; bytes: number | null } | null = null;
  #work: LayerWork | null = null;

  static override styles = [
    labStyles,
    css`
      input {
        width: 6rem;
        min-height: 2.25rem;
        padding: 0.25rem 0.5rem;
        border: 1px solid var(--lab-line);
        border-radius: 0.4rem;
        background: var(--lab-surface-2);
        color: var(--sl-color-white);
        font: inherit;
        font-variant-numeric: tabular-nums;
      }
      .predict input {
        width: 9rem;
      }
      input:focus-visible {
        outline: 2px solid var(--sl-color-accent);
        outline-offset: 2px;
      }
      .second {
        margin-top: 0.6rem;
      }
      .verdict + p {
        margin-top: 0.3rem;
      }
    `,
  ];

  protected override async prepare(): Promise<void> {
    await super.prepare();
    const saved = this.settings(this.settingsKey);
    const kind = saved['layer'] ?? this.getAttribute('layer') ?? 'linear';
    this.#kind = Object.hasOwn(kLayers, kind) ? kind : 'linear';
    this.#extents = readExtents(this.#kind, saved);
  }

  protected override get settingsKey(): string {
    return this.id || 'count';
  }

  #change(kind: string, extents: Extents): void {
    this.#kind = kind;
    this.#extents = extents;
    this.#typed = { flops: '', bytes: '' };
    this.#judged = null;
    this.#work = null;
    const numbers = Object.fromEntries(Object.entries(extents).map(([name, value]) => [name, String(value)]));
    this.saveSettings(this.settingsKey, { layer: kind, ...numbers });
    this.requestUpdate();
  }

  #count(): Promise<void> {
    return this.attempt(async () => {
      const extents = { ...this.#extents, ...kLayers[this.#kind]!.fixed };
      this.#work = await engine.ask<typeof task>('01-profiling/work-counter', { kind: this.#kind, extents });
      this.#judged = { flops: parseNumber(this.#typed.flops), bytes: parseNumber(this.#typed.bytes) };
      this.announcement = `${thousands(this.#work.flops)} FLOPs, ${thousands(bytes(this.#work))} bytes.`;
    });
  }

  override render(): TemplateResult {
    const layer = kLayers[this.#kind]!;
    const typed = parseNumber(this.#typed.flops) !== null && parseNumber(this.#typed.bytes) !== null;
    const ready = engine.running !== null && !this.blocked;
    return html`<div class="card">
      ${this.renderHead('Count a layer by hand')}
      <div class="section">
        <div class="row">
          <label class="field"
            >Layer
            <select
              aria-label="Layer"
              @change=${(event: Event) => {
                const kind = (event.target as HTMLSelectElement).value;
                this.#change(kind, readExtents(kind, {}));
              }}
            >
              ${Object.entries(kLayers).map(([kind, { title }]) => html`<option value=${kind} .selected=${kind === this.#kind}>${title}</option>`)}
            </select></label
          >
          <span class="muted small">${layer.note}</span>
        </div>
        <div class="row second">
          ${layer.extents.map(
            ({ name, label, most }) =>
              html`<label class="field"
                >${label}
                <input
                  type="number"
                  aria-label=${label}
                  min=${name === 'padding' ? 0 : 1}
                  max=${most}
                  .value=${String(this.#extents[name] ?? '')}
                  @change=${(event: Event) => {
                    const value = (event.target as HTMLInputElement).value;
                    const all = Object.fromEntries(
                      Object.entries(this.#extents).map(([key, number]) => [key, String(number)]),
                    );
                    this.#change(this.#kind, readExtents(this.#kind, { ...all, [name]: value }));
                  }}
              /></label>`,
          )}
        </div>
      </div>
      <div class="section predict row">
        <strong>Count first.</strong>
        ${(['flops', 'bytes'] as const).map(
          (what) =>
            html`<label class="field"
              >${what === 'flops' ? 'FLOPs' : 'Bytes'}
              <input
                type="text"
                inputmode="numeric"
                autocomplete="off"
                aria-label=${what === 'flops' ? 'FLOPs' : 'Bytes'}
                .value=${this.#typed[what]}
                @input=${(event: Event) => {
                  this.#typed[what] = (event.target as HTMLInputElement).value;
                  this.requestUpdate();
                }}
                @keydown=${(event: KeyboardEvent) => {
                  if (event.key === 'Enter' && ready && typed) void this.#count();
                }}
            /></label>`,
        )}
        <button class="primary" ?disabled=${!ready || !typed} @click=${() => this.#count()}>Compare</button>
        <button class="link" ?hidden=${typed} ?disabled=${!ready} @click=${() => this.#count()}>Just show it</button>
      </div>
      <span class="sr" role="status" aria-live="polite">${this.announcement}</span>
      ${this.#work === null ? nothing : this.#renderResult(this.#work)} ${this.renderError()}
    </div>`;
  }

  #renderResult(work: LayerWork): TemplateResult {
    const all = bytes(work);
    const kinds = kindsOf(work).map(([kind, count]) => `${thousands(count)} ${kind}`);
    const intensity = all === 0 ? 0 : work.flops / all;
    return html`<div class="section">
      <p class="verdict">
        <strong>${thousands(work.flops)}</strong> FLOPs ${verdict(this.#judged?.flops ?? null, work.flops)},
        <strong>${thousands(all)}</strong> bytes ${verdict(this.#judged?.bytes ?? null, all)}, ${threeDigits(intensity)}
        FLOP per byte.
      </p>
      <p class="small muted">
        ${kinds.join(', ')}; ${thousands(work.bytesRead)} bytes read, ${thousands(work.bytesWritten)} written.
      </p>
    </div>`;
  }
}

const bytes = (work: LayerWork): number => work.bytesRead + work.bytesWritten;

function verdict(typed: number | null, counted: number): TemplateResult | typeof nothing {
  if (typed === null) return nothing;
  return typed === counted
    ? html`<span class="good">(right)</span>`
    : html`<span class="bad">(you: ${thousands(typed)})</span>`;
}

customElements.define('work-counter', WorkCounter);
