import { html, nothing, type TemplateResult } from 'lit';
import {
  addressOf,
  cacheSettingsText,
  judgePrediction,
  kBlocks,
  kLines,
  kPaddings,
  kRows,
  kSizes,
  parseLevel,
  readCacheSettings,
  setOf,
  setsOf,
  totalsOf,
  waysFor,
  type CacheSettings,
  type CacheState,
  type CacheStep,
} from './cache.ts';
import type begin from './begin.task.ts';
import type nests from './nests.task.ts';
import type step from './step.task.ts';
import type task from './task.ts';
import { parseNumber } from '#lab/check.ts';
import type { NestInfo } from '#lab/types.ts';
import { byteSize, thousands } from '#lab/text.ts';
import { engine } from '#kit/context.ts';
import { cell, renderTable } from '#kit/table.ts';
import { arrayColor, renderCode, renderGrid } from './view.ts';
import { cacheStyles } from './styles.ts';
import { LabElement } from '#kit/lab-element.ts';
import { labStyles } from '#kit/styles.ts';

/**
 * A loop nest running through a cache, access by access.
 *
 * Attributes: `nest`, `n`, `block`, `padding`, `cache` (size/line/ways in bytes), `id` (names its settings in the address and its simulation).
 */
export class CacheSimulator extends LabElement {
  #nests: NestInfo[] = [];
  #settings: CacheSettings | null = null;
  #state: CacheState | null = null;
  #steps: CacheStep[] = [];
  #predictions: string[] = [];
  /** As they were when the nest ran to its end. */
  #committed: (number | null)[] | null = null;

  static override styles = [labStyles, cacheStyles];

  protected override async prepare(): Promise<void> {
    await super.prepare();
    this.#nests = await engine.ask<typeof nests>('01-profiling/cache-simulator/nests', {});
    const number = (name: string, fallback: number) => Number(this.getAttribute(name) ?? fallback);
    const defaults: CacheSettings = {
      nest: this.getAttribute('nest') ?? 'matmul_ijk',
      n: number('n', 8),
      block: number('block', 4),
      padding: number('padding', 0),
      level: parseLevel(this.getAttribute('cache') ?? '') ?? { size: 256, line: 16, ways: 2 },
    };
    this.#settings = readCacheSettings(this.settings(this.#key), defaults, this.#nests);
    await this.#open();
  }

  get #key(): string {
    return this.id || 'cache';
  }
  protected override get settingsKey(): string {
    return this.#key;
  }
  get #nest(): NestInfo | undefined {
    return this.#nests.find(({ name }) => name === this.#settings?.nest);
  }
  get #simulation() {
    return { key: this.#key, settings: this.#settings! };
  }
  get #isAtEnd(): boolean {
    return this.#state !== null && this.#state.done === this.#state.total;
  }

  async #open(): Promise<void> {
    if (this.#settings === null) return;
    this.#state = await engine.ask<typeof begin>('01-profiling/cache-simulator/begin', this.#simulation);
    this.#steps = [];
    this.#committed = null;
    this.requestUpdate();
  }

  #change(change: Partial<CacheSettings>): void {
    if (this.#settings === null) return;
    const settings = { ...this.#settings, ...change };
    settings.block = Math.min(settings.block, settings.n);
    const ways = waysFor(settings.level.size, settings.level.line);
    if (ways.length === 0) settings.level = { ...settings.level, line: settings.level.size, ways: 1 };
    else if (!ways.includes(settings.level.ways)) settings.level = { ...settings.level, ways: ways.at(-1)! };
    if (settings.nest !== this.#settings.nest) this.#predictions = [];
    this.#settings = settings;
    this.saveSettings(this.#key, cacheSettingsText(settings));
    void this.attempt(() => this.#open());
  }

  #step(count: number, untilMiss: boolean): void {
    void this.attempt(async () => {
      const options = { ...this.#simulation, count, untilMiss };
      const move = await engine.ask<typeof step>('01-profiling/cache-simulator/step', options);
      this.#state = move.state;
      this.#steps = move.steps;
      if (this.#isAtEnd) this.#finish();
      this.announcement = this.#stepText(move.steps.at(-1));
    });
  }

  async #run(): Promise<void> {
    this.saveSettings(this.#key, cacheSettingsText(this.#settings!));
    await this.work(async () => {
      await this.#open();
      const report = await engine.run<typeof task>('01-profiling/cache-simulator', this.#simulation, (partial) => {
        this.progress = partial.progress;
        this.#state = partial.state;
        this.requestUpdate();
      });
      this.#state = report.state;
      this.#steps = [];
      if (this.#isAtEnd) this.#finish();
      const { misses, accesses } = totalsOf(report.state);
      this.announcement = `${report.stopped ? 'Stopped' : 'Finished'}: ${misses} of ${accesses} accesses missed.`;
    });
  }

  #finish(): void {
    this.#committed = this.#predictions.some((text) => text !== '')
      ? (this.#nest?.arrays ?? []).map((_, array) => parseNumber(this.#predictions[array] ?? ''))
      : null;
  }

  override render(): TemplateResult {
    return html`<div class="card">
      ${this.renderHead('Cache simulator')} ${this.#settings === null ? nothing : this.#renderAll(this.#settings)}
      ${this.renderError()}
    </div>`;
  }

  #renderAll(settings: CacheSettings): TemplateResult {
    const [nest, state] = [this.#nest, this.#state];
    return html`${this.#renderSettings(settings)} ${nest === undefined ? nothing : this.#renderStart(nest)}
    ${this.renderProgress('Progress of the simulation')}
    ${
      nest === undefined || state === null
        ? nothing
        : html`<div class="section board">
              ${renderCode({ nest, state, step: this.#steps.at(-1) })}
              ${renderGrid({ nest, state, settings, step: this.#steps.at(-1) })}
            </div>
            ${this.#renderResult(nest, state)}`
    }`;
  }

  #renderSettings(settings: CacheSettings): TemplateResult {
    const { level } = settings;
    const number = (
      label: string,
      values: readonly number[],
      value: number,
      change: (value: number) => void,
      unit = '',
    ) =>
      html`<label class="field"
        >${label}
        <select
          aria-label=${label}
          ?disabled=${this.working}
          @change=${(event: Event) => change(Number((event.target as HTMLSelectElement).value))}
        >
          ${(values.includes(value) ? values : [value, ...values]).map(
            (option) =>
              html`<option value=${option} .selected=${option === value}>
                ${unit === 'bytes' ? byteSize(option) : option}
              </option>`,
          )}
        </select></label
      >`;
    return html`<div class="section">
      <div class="row">
        <label class="field"
          >Loop nest
          <select
            ?disabled=${this.working}
            @change=${(event: Event) => this.#change({ nest: (event.target as HTMLSelectElement).value })}
          >
            ${this.#nests.map(
              ({ name }) => html`<option value=${name} .selected=${name === settings.nest}>${name}</option>`,
            )}
          </select></label
        >
        ${number('n', kRows, settings.n, (n) => this.#change({ n }))}
        ${
          this.#nest?.blocked
            ? number(
                'Block',
                kBlocks.filter((block) => block <= settings.n),
                settings.block,
                (block) => this.#change({ block }),
              )
            : nothing
        }
        ${number('Padding', kPaddings, settings.padding, (padding) => this.#change({ padding }))}
      </div>
      <div class="row second">
        ${number('Cache', kSizes, level.size, (size) => this.#change({ level: { ...level, size } }), 'bytes')}
        ${number('Line', kLines, level.line, (line) => this.#change({ level: { ...level, line } }), 'bytes')}
        ${number('Ways', waysFor(level.size, level.line), level.ways, (ways) => this.#change({ level: { ...level, ways } }))}
        <span class="muted small">${this.#geometry(settings)}</span>
      </div>
    </div>`;
  }

  #geometry({ n, padding, level }: CacheSettings): string {
    const sets = setsOf(level);
    const setsText = sets === 1 ? '1 set: fully associative' : `${sets} sets`;
    return `${setsText}; a line holds ${level.line / 4} floats; a matrix takes ${byteSize(4 * n * (n + padding))}`;
  }

  #renderStart(nest: NestInfo): TemplateResult {
    if (this.working) {
      return html`<div class="section row">${this.renderStop()}<span class="muted small">simulating…</span></div>`;
    }
    const ready = engine.running !== null && !this.blocked && this.#state !== null;
    const complete = nest.arrays.every((_, array) => parseNumber(this.#predictions[array] ?? '') !== null);
    const [atEnd, begun] = [this.#isAtEnd, (this.#state?.done ?? 0) > 0];
    return html`<div class="section predict">
      <div class="row">
        <strong>Predict the misses.</strong>
        ${nest.arrays.map(
          (name, array) =>
            html`<label class="field"
              ><span class="swatch" style="background:${arrayColor(array)}" aria-hidden="true"></span>${name}
              <input
                type="text"
                aria-label="Misses of ${name}"
                inputmode="numeric"
                size="7"
                autocomplete="off"
                .value=${this.#predictions[array] ?? ''}
                @input=${(event: Event) => this.#predict(array, (event.target as HTMLInputElement).value)}
            /></label>`,
        )}
        <span class="muted small">of ${thousands(this.#state?.total ?? 0)} accesses; the cache is empty at first</span>
      </div>
      <div class="row actions">
        <button class="primary" ?disabled=${!ready || !complete} @click=${() => this.#run()}>Run to the end</button>
        <button class="step" ?disabled=${!ready || atEnd} @click=${() => this.#step(1, false)}>Step</button>
        <button class="miss" ?disabled=${!ready || atEnd} @click=${() => this.#step(1, true)}>To the next miss</button>
        <button ?disabled=${!ready || !begun} @click=${() => this.attempt(() => this.#open())}>
          Back to the start
        </button>
        <button class="link" ?hidden=${complete} ?disabled=${!ready} @click=${() => this.#run()}>
          Run without a prediction
        </button>
        ${this.renderBlocked()}
      </div>
      <p class="last small" aria-live="off">${this.#stepText(this.#steps.at(-1))}</p>
    </div>`;
  }

  #predict(array: number, text: string): void {
    this.#predictions[array] = text;
    this.requestUpdate();
  }

  /** "A[1][3] is read: line 1 belongs to set 1, and is there." */
  #stepText(step: CacheStep | undefined): string {
    const [nest, state, settings] = [this.#nest, this.#state, this.#settings];
    if (nest === undefined || state === null || settings === null) return '';
    if (step === undefined) {
      return this.#isAtEnd ? 'All accesses have been made.' : 'Step through the nest, or run it to the end.';
    }
    const address = addressOf(step, state, settings);
    const line = Math.floor(address / settings.level.line);
    const name = `${nest.arrays[step.array]}[${step.row}][${step.column}]`;
    return `Access ${thousands(state.done)}: ${name} is ${step.write ? 'written' : 'read'}. Address ${address}, line ${line}, set ${setOf(address, settings.level)}: ${step.hit ? 'a hit' : 'a miss, the line is fetched'}.`;
  }

  #renderResult(nest: NestInfo, state: CacheState): TemplateResult | typeof nothing {
    if (state.done === 0) return nothing;
    const all = totalsOf(state);
    const guesses = this.#isAtEnd ? this.#committed : null;
    return html`<div class="section">
      <p class="verdict">
        <strong>${thousands(all.misses)}</strong> of ${thousands(all.accesses)} accesses missed
        (${((100 * all.misses) / Math.max(1, all.accesses)).toFixed(1)}
        %)${this.#isAtEnd ? '' : ` so far; ${thousands(state.total - state.done)} are to come`}. From memory came
        ${byteSize(all.misses * this.#settings!.level.line)}.
      </p>
      ${renderTable({
        label: 'Misses by array',
        caption: `Misses by array${guesses === null ? '' : ', beside your prediction'}`,
        columns: ['Array', 'Accesses', 'Misses', 'Miss rate', 'Predicted', '', 'Evictions', 'Written back'],
        rows: nest.arrays.map((name, array) => rowOf(name, array, state, guesses?.[array] ?? null)),
      })}
    </div>`;
  }
}

function rowOf(name: string, array: number, state: CacheState, guess: number | null): unknown[] {
  const totals = totalsOf(state, (count) => count.array === array);
  const judged = guess === null ? null : judgePrediction(guess, totals.misses);
  return [
    html`<span class="swatch" style="background:${arrayColor(array)}" aria-hidden="true"></span>${name}`,
    thousands(totals.accesses),
    thousands(totals.misses),
    totals.accesses === 0 ? '–' : `${((100 * totals.misses) / totals.accesses).toFixed(1)} %`,
    guess === null ? '–' : thousands(guess),
    cell(judged?.verdict ?? '', judged === null ? {} : { name: judged.good ? 'good' : 'bad' }),
    thousands(totals.evictions),
    thousands(totals.writebacks),
  ];
}

customElements.define('cache-simulator', CacheSimulator);
