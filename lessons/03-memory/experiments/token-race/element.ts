import { files } from 'virtual:optlab-manifest';
import { html, nothing, type TemplateResult } from 'lit';
import { browserName } from '#lab/export.ts';
import { byteSize, duration, times } from '#lab/format.ts';
import {
  kExactDecoder,
  totalSeconds,
  type GenerateOptions,
  type GenerateReport,
  type LaneOptions,
} from '#lab/generation.ts';
import { chartStyles } from '#kit/chart.styles.ts';
import { engine, session } from '#kit/context.ts';
import { download } from '#kit/downloads.ts';
import { LabElement, saveFile, texts } from '#kit/lab-element.ts';
import { labStyles } from '#kit/styles.ts';
import { renderCharts, renderDrop, renderLane, renderTable, type OwnFile } from './view.ts';
import {
  changedOf,
  kCounts,
  kDefaults,
  kModels,
  kWeights,
  settingsOf,
  type ModelName,
  type Settings,
} from './settings.ts';
import { tokenRaceStyles } from './styles.ts';
import { Width } from '#kit/width.ts';

const kGuesses = ['about as fast', '2 times as fast', '5 times as fast', '20 times as fast', '100 times as fast'];
const kGuessFactors = [1, 2, 5, 20, 100];
const kMostBytes = 400e6;

/**
 * A language model goes on with a text, with its cache and without, side by side: text as it comes, tokens a second, time and bytes by position.
 *
 * Attributes: `model` (moby, tiny), `count`, `id` (names its settings in the address; default `generate`).
 */
export class TokenRace extends LabElement {
  #settings: Settings = { ...kDefaults };
  #own: OwnFile | null = null;
  #ownTokenizer: OwnFile | null = null;
  #over = false;
  #guess = -1;
  #committed = -1;
  #report: GenerateReport | null = null;
  /** What the report is of. */
  #asked: { settings: Settings; name: string } | null = null;
  readonly #width = new Width(this, '.result');

  static override styles = [labStyles, chartStyles, tokenRaceStyles];

  protected override async prepare(): Promise<void> {
    await super.prepare();
    const saved = this.settings(this.settingsKey);
    this.#settings = settingsOf((name) => saved[name] ?? this.getAttribute(name), this.maxThreads);
  }

  protected override get settingsKey(): string {
    return this.id || 'generate';
  }

  #change(change: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...change };
    this.saveSettings(this.settingsKey, changedOf(this.#settings));
    this.requestUpdate();
  }

  async #run(): Promise<void> {
    this.#committed = this.#guess;
    this.#report = null;
    const settings = this.#settings;
    await this.work(async () => {
      const { model, tokenizer, name } = await this.#modelFiles();
      this.#asked = { settings, name };
      const { temperature, topK, topP, repetitionPenalty, seed, count, threads } = settings;
      const options: GenerateOptions = {
        model,
        tokenizer,
        prompt: tokenizer === null ? [1] : settings.prompt,
        count,
        sampling: { temperature, topK, topP, repetitionPenalty, seed },
        stopTexts: [],
        threads,
        lanes: this.#lanes(),
      };
      const show = (report: GenerateReport) => {
        this.#report = report;
        this.progress = report.progress;
        this.requestUpdate();
      };
      const own = session.ownSteps.has('attend') ? session.ownSteps : undefined;
      const report = await engine.generate(options, show, own);
      show(report);
      this.announcement = report.stopped ? 'Stopped.' : `Finished. ${this.#speedText(report)}`;
    });
  }

  async #modelFiles(): Promise<{ model: Uint8Array; tokenizer: Uint8Array | null; name: string }> {
    const { model } = this.#settings;
    if (model !== 'own') {
      const [bytes, tokenizer] = await Promise.all([download(files[kModels[model].asset]), download(files.tokenizer)]);
      return { model: bytes, tokenizer, name: kModels[model].title };
    }
    if (this.#own === null) throw new RangeError('No checkpoint has been chosen: drop one, or take a Moby-Dick model');
    return { model: this.#own.bytes, tokenizer: this.#ownTokenizer?.bytes ?? null, name: this.#own.name };
  }

  #lanes(): LaneOptions[] {
    const { weights, fast } = this.#settings;
    const decoder = { ...kExactDecoder, weights, mode: fast ? ('fast' as const) : ('exact' as const) };
    return [
      { name: 'with the cache', cached: true, decoder },
      { name: 'without', cached: false, decoder },
      // The reader's own attention, with the cache, once there is one.
      ...(session.ownSteps.has('attend')
        ? [{ name: 'with your attention', cached: true, decoder: { ...decoder, own: true } }]
        : []),
    ];
  }

  async #take(list: FileList | null | undefined): Promise<void> {
    await this.attempt(async () => {
      for (const file of list ?? []) {
        if (file.size > kMostBytes) {
          throw new RangeError(
            `${file.name} has ${byteSize(file.size)}; up to ${byteSize(kMostBytes)} fit into a page’s memory`,
          );
        }
        const own = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
        if (/tokenizer|\.bpe$/i.test(file.name)) this.#ownTokenizer = own;
        else this.#own = own;
      }
      this.#over = false;
      if (this.#own !== null) this.#change({ model: 'own' });
    });
  }

  override render(): TemplateResult {
    const report = this.#report;
    const shows = report !== null && report.lanes.some(({ ids }) => ids.length > 0);
    return html`<div class="card">
      ${this.renderHead('The same text, with the cache and without')} ${this.#renderSettings()} ${this.#renderStart()}
      ${this.renderProgress('Progress of the generation')}
      <div class="section result" ?hidden=${!shows}>${shows ? this.#renderResult(report) : nothing}</div>
      ${this.renderError()}
    </div>`;
  }

  #renderSettings(): TemplateResult {
    const { model, prompt, count, weights, fast, threads } = this.#settings;
    const models: [string, string][] = Object.entries(kModels).map(([name, { title }]) => [name, title]);
    if (this.#own !== null) models.push(['own', this.#own.name]);
    const takesText = model !== 'own' || this.#ownTokenizer !== null;
    return html`<div class="section">
      <div class="row">
        ${this.renderSelect('Model', model, models, (value) => this.#change({ model: value as ModelName }))}
        <label class="field prompt"
          >Prompt
          <input
            type="text"
            maxlength="300"
            .value=${takesText ? prompt : 'token 1'}
            ?disabled=${this.working || !takesText}
            @change=${(event: Event) => this.#change({ prompt: (event.target as HTMLInputElement).value })}
        /></label>
        ${this.renderSelect('New tokens', `${count}`, texts(kCounts), (value) => this.#change({ count: Number(value) }))}
      </div>
      <details>
        <summary>More settings, or a checkpoint of your own</summary>
        <div class="row">
          ${this.renderSelect('Weights', weights, texts(kWeights), (value) => this.#change({ weights: value as Settings['weights'] }))}
          ${this.renderSelect('Arithmetic', fast ? 'fast' : 'exact', texts(['exact', 'fast']), (value) =>
            this.#change({ fast: value === 'fast' }),
          )}
          ${this.#number('Temperature', 'temperature', 0, 5, 0.1)} ${this.#number('Top-k', 'topK', 0, 1000, 1)}
          ${this.#number('Top-p', 'topP', 0.01, 1, 0.01)}
          ${this.#number('Repetition penalty', 'repetitionPenalty', 1, 5, 0.05)}
          ${this.#number('Seed', 'seed', 0, 1e9, 1)}
          ${this.renderThreads(threads, (value) => this.#change({ threads: value }))}
        </div>
        <p class="small muted note">
          A temperature of 0 takes the likeliest token; top-k of 0 and top-p of 1 leave all of them.
        </p>
        ${this.#renderDrop()}
      </details>
    </div>`;
  }

  #number(
    label: string,
    name: 'temperature' | 'topK' | 'topP' | 'repetitionPenalty' | 'seed',
    low: number,
    high: number,
    step: number,
  ): TemplateResult {
    const take = (event: Event) => {
      const input = event.target as HTMLInputElement;
      const value = Number(input.value);
      if (input.value !== '' && value >= low && value <= high) this.#change({ [name]: value });
      else input.value = `${this.#settings[name]}`;
    };
    return html`<label class="field"
      >${label}
      <input
        type="number"
        min=${low}
        max=${high}
        step=${step}
        .value=${`${this.#settings[name]}`}
        ?disabled=${this.working}
        @change=${take}
    /></label>`;
  }

  #renderDrop(): TemplateResult {
    return renderDrop({
      over: this.#over,
      busy: this.working,
      checkpoint: this.#own,
      tokenizer: this.#ownTokenizer,
      hover: (over) => {
        this.#over = over;
        this.requestUpdate();
      },
      take: (list) => this.#take(list),
    });
  }

  #renderStart(): TemplateResult {
    if (this.working) {
      return html`<div class="section row">${this.renderStop()}<span class="muted small">writing…</span></div>`;
    }
    const ready = engine.running !== null && !this.blocked;
    return html`<div class="section predict row">
      <label class="field"
        ><strong>Predict:</strong> with the cache, all tokens together come
        <select
          @change=${(event: Event) => {
            this.#guess = Number((event.target as HTMLSelectElement).value);
            this.requestUpdate();
          }}
        >
          <option value="-1" .selected=${this.#guess < 0}>choose…</option>
          ${kGuesses.map((guess, i) => html`<option value=${i} .selected=${i === this.#guess}>${guess}</option>`)}
        </select></label
      >
      <button class="primary" ?disabled=${!ready || this.#guess < 0} @click=${() => this.#run()}>Write</button>
      <button class="link" ?hidden=${this.#guess >= 0} ?disabled=${!ready} @click=${() => this.#run()}>
        Write without a prediction
      </button>
      ${this.renderBlocked()}
    </div>`;
  }

  #speedUp(report: GenerateReport): number | null {
    const [cached, without] = report.lanes;
    if (!cached?.stop || !without?.stop || cached.ids.length !== without.ids.length) return null;
    return totalSeconds(without) / totalSeconds(cached);
  }

  #speedText(report: GenerateReport): string {
    const speedUp = this.#speedUp(report);
    const tokens = report.lanes[0]?.ids.length ?? 0;
    return speedUp === null ? '' : `${tokens} tokens come ${times(speedUp)} as fast with the cache.`;
  }

  #renderResult(report: GenerateReport): TemplateResult {
    const prompt =
      this.#asked?.settings.model === 'own' && this.#ownTokenizer === null ? '' : (this.#asked?.settings.prompt ?? '');
    return html`${this.#renderVerdict(report)}
      <div class="lanes">${report.lanes.map((lane, i) => renderLane(lane, i, prompt))}</div>
      ${renderCharts(report.lanes, report.prompt, this.#width.value)}
      ${report.done ? html`${renderTable(report.lanes, report.prompt)} ${this.#renderExport(report)}` : nothing}`;
  }

  #renderVerdict(report: GenerateReport): TemplateResult | typeof nothing {
    if (!report.done) return nothing;
    if (report.stopped) return html`<p class="verdict">Stopped early.</p>`;
    const [cached, without] = report.lanes;
    const speedUp = this.#speedUp(report);
    if (cached === undefined || without === undefined || speedUp === null) return nothing;
    const same = cached.ids.every((id, i) => id === without.ids[i]);
    const nearest = kGuessFactors.reduce(
      (best, factor, i) =>
        Math.abs(Math.log(factor / speedUp)) < Math.abs(Math.log(kGuessFactors[best]! / speedUp)) ? i : best,
      0,
    );
    return html`<p class="verdict">
      <strong>${times(speedUp)}</strong> as fast with the cache: ${report.prompt} + ${cached.ids.length} tokens in
      ${duration(totalSeconds(cached))} instead of ${duration(totalSeconds(without))}.
      ${
        same
          ? html`<strong class="good">Both wrote the same text</strong>, token by token.`
          : html`<strong class="bad">The texts differ</strong>: fused arithmetic rounds differently for one token than
              for many.`
      }
      ${
        this.#committed < 0
          ? nothing
          : html`You predicted “${kGuesses[this.#committed]}”:
              <strong class=${nearest === this.#committed ? 'good' : 'bad'}
                >${nearest === this.#committed ? 'nearest of all' : `“${kGuesses[nearest]}” is nearer`}</strong
              >.`
      }
    </p>`;
  }

  #renderExport(report: GenerateReport): TemplateResult {
    const record = () => ({
      kind: 'generation',
      schema: 1,
      recorded: new Date().toISOString(),
      browser: browserName(navigator.userAgent),
      page: location.href,
      engine: engine.running?.info,
      model: this.#asked?.name,
      settings: this.#asked?.settings,
      ...report,
    });
    return html`<div class="row actions">
      <button @click=${() => saveFile('optlab-generation.json', JSON.stringify(record(), null, 1))}>
        Export as JSON
      </button>
      <span class="muted small">The address of this page now carries these settings.</span>
    </div>`;
  }
}

customElements.define('token-race', TokenRace);
