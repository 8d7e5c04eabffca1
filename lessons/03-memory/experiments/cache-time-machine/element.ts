import { html, nothing, type TemplateResult } from 'lit';
import { decoderOf, policyText, rowsComputed, tokenLabel, type KeepPolicy } from '../cache-views.ts';
import { parseNumber } from '#lab/check.ts';
import { kOpening } from '#lab/moby.ts';
import { byteSize, thousands } from '#lab/text.ts';
import { keepFields, settlePolicy } from '../cache-policy.ts';
import type task from './task.ts';
import type { CacheTrace, TraceStep } from './task.ts';
import { timeMachineStyles } from './styles.ts';
import { engine } from '#kit/context.ts';
import { renderTable } from '#kit/table.ts';
import { Experiment } from '#kit/experiment.ts';
import { oneOf } from '#kit/fields.ts';
import { labStyles } from '#kit/styles.ts';
import { nearView } from '#kit/near-view.ts';

const kFields = {
  ...keepFields({ window: 8, sinks: 2, storage: 'f32' }),
  tokens: oneOf('Tokens', [12, 16, 24, 32, 48], 24),
};
const kPlayEveryMs = 900;

/**
 * The cache of a real model as it reads a text: which slot each step writes, what that overwrites, what it reads.
 *
 * Attributes: `model` (tiny or lm), `window` (0: all), `sinks`, `storage` (f32, fp16, int8), `tokens` (how many of the text), `id` (names its settings in the
 * address; default `machine`).
 */
export class CacheTimeMachine extends Experiment<typeof kFields> {
  static override fields = kFields;
  static override key = 'machine';

  #trace: CacheTrace | null = null;
  #at = 0;
  #timer: ReturnType<typeof setInterval> | null = null;
  #guess = '';
  /** The last guess, with the slot that was right. */
  #judged: { guess: number; slot: number } | null = null;
  /** The settings have changed while another experiment ran. */
  #stale = false;

  static override styles = [labStyles, timeMachineStyles];

  protected override async prepare(): Promise<void> {
    await nearView(this);
    await super.prepare();
    await this.#open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#pause();
  }

  protected override settle = settlePolicy;

  /** Reads the text again; later, if something is being measured. */
  async #open(): Promise<void> {
    this.#stale = this.blocked;
    if (this.#stale) return;
    const model = this.getAttribute('model') === 'lm' ? 'lm' : 'lmTiny';
    const { tokens, ...policy } = this.values;
    const options = { model, text: kOpening, tokens, decoder: decoderOf(policy) } as const;
    this.#trace = await engine.ask<typeof task>('03-memory/cache-time-machine', options);
    this.#go(Math.min(this.#at, this.#trace.steps.length - 1));
  }

  protected override willUpdate(): void {
    if (this.#stale && !this.blocked) {
      this.#stale = false;
      void this.attempt(() => this.#open());
    }
  }

  protected override change(change: Partial<typeof this.values>): void {
    this.#pause();
    super.change(change);
    this.#judged = null;
    void this.attempt(() => this.#open());
  }

  #go(at: number): void {
    const last = (this.#trace?.steps.length ?? 1) - 1;
    this.#at = Math.max(0, Math.min(last, at));
    if (this.#at === last) this.#pause();
    this.requestUpdate();
  }

  #step(): void {
    const next = this.#trace?.steps[this.#at + 1];
    const guess = parseNumber(this.#guess);
    this.#judged = next === undefined || guess === null ? null : { guess, slot: next.slot };
    this.#guess = '';
    this.#go(this.#at + 1);
  }

  #play(): void {
    if (this.#trace === null) return;
    if (this.#at === this.#trace.steps.length - 1) this.#at = 0;
    this.#judged = null;
    this.#timer = setInterval(() => this.#go(this.#at + 1), kPlayEveryMs);
    this.requestUpdate();
  }

  #pause(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.requestUpdate();
  }

  override render(): TemplateResult {
    return html`<div class="card">
      ${this.renderHead('Cache time machine')} ${this.prepared ? this.#renderSettings() : this.#renderWaiting()}
      ${this.#trace === null ? nothing : this.#renderTrace(this.#trace)} ${this.renderError()}
    </div>`;
  }

  #renderWaiting(): TemplateResult | typeof nothing {
    return this.error === null ? html`<p class="section muted small">Loading the model…</p>` : nothing;
  }

  #renderSettings(): TemplateResult {
    const sinks = this.renderField('sinks', undefined, this.working || this.values.window === 0);
    return html`<div class="section">
      <div class="row">${this.renderField('window')} ${sinks} ${this.renderFields('storage', 'tokens')}</div>
      ${this.#stale ? html`<p class="muted small">Another experiment is being measured; this one waits for it.</p>` : nothing}
    </div>`;
  }

  #renderTrace(trace: CacheTrace): TemplateResult {
    const step = trace.steps[this.#at]!;
    return html`${this.#renderTransport(trace)}
      <div class="section">
        <p class="now" aria-live=${this.#timer === null ? 'polite' : 'off'}>${this.#stepText(trace, step)}</p>
        <h4>With the cache</h4>
        <ol class="slots" aria-label="Slots of the cache">
          ${slotsOf(trace, this.values).map((slot) => this.#renderSlot(trace, step, slot))}
        </ol>
      </div>
      <div class="section">
        <h4>Without a cache</h4>
        <p class="small muted">
          Keys and values of
          ${this.#at === 0 ? 'the token are computed' : html`all ${this.#at + 1} tokens are computed, ${this.#at} of them again`}:
          ● for the first time, ↻ again.
        </p>
        <ol class="text again" aria-label="Computed in this step without a cache">
          ${trace.tokens
            .slice(0, this.#at + 1)
            .map(
              (token, i) =>
                html`<li
                  class=${i === this.#at ? 'newest' : ''}
                  aria-label="${token}, ${i === this.#at ? 'computed' : 'computed again'}"
                >
                  ${tokenLabel(token)}
                </li>`,
            )}
        </ol>
      </div>
      ${this.#renderTable(trace, step)}`;
  }

  #renderTransport(trace: CacheTrace): TemplateResult {
    const last = trace.steps.length - 1;
    const playing = this.#timer !== null;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    return html`<div class="section">
      <ol class="text" aria-label="The text">
        ${trace.tokens.map((token, i) => this.#renderToken(trace, token, i))}
      </ol>
      <div class="row transport">
        <button ?disabled=${this.#at === 0} @click=${() => this.#go(this.#at - 1)}>Back</button>
        <input
          type="range"
          min="0"
          max=${last}
          .value=${String(this.#at)}
          aria-label="Position"
          aria-valuetext="position ${this.#at} of ${last}, ${trace.tokens[this.#at] ?? ''}"
          @input=${(event: Event) => {
            this.#pause();
            this.#judged = null;
            this.#go(Number((event.target as HTMLInputElement).value));
          }}
        />
        ${
          still
            ? nothing
            : html`<button class="play" @click=${() => (playing ? this.#pause() : this.#play())}>
                ${playing ? 'Pause' : 'Play'}
              </button>`
        }
      </div>
      <form
        class="row transport predict"
        @submit=${(event: Event) => {
          event.preventDefault();
          this.#step();
        }}
      >
        <label class="field"
          >The next token goes to slot
          <input
            type="text"
            inputmode="numeric"
            autocomplete="off"
            ?disabled=${this.#at === last}
            .value=${this.#guess}
            @input=${(event: Event) => {
              this.#guess = (event.target as HTMLInputElement).value;
            }}
        /></label>
        <button class="primary" type="submit" ?disabled=${this.#at === last}>Step</button>
        ${this.#renderJudged()}
      </form>
    </div>`;
  }

  #renderJudged(): TemplateResult | typeof nothing {
    if (this.#judged === null) return nothing;
    const { guess, slot } = this.#judged;
    return guess === slot
      ? html`<span class="good small" role="status">Right: slot ${slot}.</span>`
      : html`<span class="bad small" role="status">You said ${guess}; it went to slot ${slot}.</span>`;
  }

  #renderToken(trace: CacheTrace, token: string, position: number): TemplateResult {
    const kept = trace.steps[this.#at]!.slots.includes(position);
    const [name, state] =
      position > this.#at
        ? ['later', 'not read yet']
        : position === this.#at
          ? ['newest', 'the newest token']
          : kept
            ? ['', 'kept']
            : ['lost', 'evicted'];
    return html`<li class=${name} title="position ${position}: ${state}" aria-label="${token}, ${state}">
      ${tokenLabel(token)}
    </li>`;
  }

  #stepText(trace: CacheTrace, { slot, evicted, slots }: TraceStep): TemplateResult {
    const quoted = (position: number) => html`<code>${tokenLabel(trace.tokens[position]!)}</code>`;
    const read = slots.filter((position) => position !== null).length;
    return html`Position ${this.#at}, ${quoted(this.#at)}: its key and value are
      <strong>written to slot ${slot}</strong>${
        evicted === null
          ? ''
          : html`, where those of position ${evicted}, ${quoted(evicted)}, were: these are <strong>evicted</strong>`
      }.
      Its query then <strong>reads ${read === 1 ? 'one key and value' : `${read} keys and values`}</strong>. The cache
      keeps ${policyText(this.values)}.`;
  }

  #renderSlot(trace: CacheTrace, step: TraceStep, slot: number): TemplateResult {
    const position = step.slots[slot] ?? null;
    const written = slot === step.slot;
    const over = written && step.evicted !== null;
    const sink = this.values.window > 0 && slot < this.values.sinks;
    const mark = position === null ? 'empty' : over ? 'overwritten, read' : written ? 'written, read' : 'read';
    return html`<li class="${position === null ? 'empty' : ''} ${written ? 'written' : ''} ${over ? 'over' : ''}">
      <span class="where">slot ${slot}${sink ? ', sink' : ''}</span>
      <span class="token">${position === null ? '' : tokenLabel(trace.tokens[position]!)}</span>
      <span class="position"
        >${position === null ? '' : over ? `position ${position}, was ${step.evicted}` : `position ${position}`}</span
      >
      <span class="mark">${mark}</span>
    </li>`;
  }

  #renderTable(trace: CacheTrace, step: TraceStep): TemplateResult {
    const [cached, uncached] = [rowsComputed(this.#at, true), rowsComputed(this.#at, false)];
    const { layers, kvHeads, headSize, footprint, positions } = trace;
    return html`<div class="section">
      ${renderTable({
        label: 'Work and memory of this step',
        caption: `This step, position ${this.#at}: keys and values of tokens, and bytes of all layers`,
        columns: ['Way', 'Tokens computed', 'So far', 'Written', 'Read', 'Kept'],
        rows: [
          [
            'with the cache',
            cached.now,
            thousands(cached.soFar),
            byteSize(step.bytesWritten),
            byteSize(step.bytesRead),
            byteSize(step.bytesRead),
          ],
          ['without', uncached.now, thousands(uncached.soFar), '–', '–', '0 B'],
        ],
      })}
      <p class="small muted">
        A token's key and value: 2 · ${layers} layers · ${kvHeads} heads · ${headSize} numbers, here
        ${byteSize(step.bytesWritten)}. This policy allocates ${byteSize(footprint.total)} for sequences of ${positions}
        tokens, all at the beginning.
      </p>
    </div>`;
  }
}

/** All slots that the text ever uses, or that the policy has. */
function slotsOf(trace: CacheTrace, { window, sinks }: KeepPolicy): number[] {
  const used = trace.steps.at(-1)?.slots.length ?? 0;
  const count = window === 0 ? trace.tokens.length : Math.max(used, window + sinks);
  return Array.from({ length: count }, (_, slot) => slot);
}

customElements.define('cache-time-machine', CacheTimeMachine);
