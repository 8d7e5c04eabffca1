import { html, nothing, type TemplateResult } from 'lit';
import { browserName } from '#lab/export.ts';
import type { Guests } from '#lab/plug.ts';
import type { AnyTask, OptionsOf, ReportOf } from '#lab/task.ts';
import { engine } from './context.ts';
import { addressOf, initialOf, valuesOf, type Fields, type Limits, type ValuesOf } from './fields.ts';
import { LabElement, saveFile } from './lab-element.ts';
import { renderQuestion, type Prediction, type Question } from './question.ts';

/** What starts an experiment. */
export interface Start {
  /** On the button: "Measure". */
  verb: string;
  /** While it runs: "measuring…". */
  busy: string;
  run: () => unknown;
  /** Needs no engine. */
  offline?: boolean;
  /** On the button for who predicts nothing; "Measure without a prediction" unless said otherwise. */
  skip?: string;
  /** Stands beside the button. */
  note?: unknown;
}

/** A file of figures beside the record. */
export interface Sheet {
  label: string;
  file: string;
  csv: () => string;
}

/**
 * An experiment. A subclass with settings declares `static fields` and `static key`; the form's fields, the address bar, the HTML attributes
 * of the fields' names, progress, stop, the question before the run and the exported record follow from that.
 */
export abstract class Experiment<F extends Fields = Record<never, never>> extends LabElement {
  static fields: Fields = {};
  /** Names the settings in the address, unless the element has an id. */
  static key = '';
  /** What the address states: all settings, or what differs from the page's own. */
  static address: 'all' | 'changed' = 'all';

  /** The values are those that the page and the address state. */
  protected prepared = false;
  protected values: ValuesOf<F> = initialOf(this.#declared.fields as F);

  get #declared(): typeof Experiment {
    return this.constructor as typeof Experiment;
  }

  get #limits(): Limits {
    return { threads: this.maxThreads };
  }

  protected override get settingsKey(): string | null {
    return this.id || this.#declared.key || null;
  }

  protected override async prepare(): Promise<void> {
    await super.prepare();
    const saved = this.settingsKey === null ? {} : this.settings(this.settingsKey);
    const said = (key: string) => (this.inAddress(key) ? saved[key] : undefined) ?? this.getAttribute(key);
    this.values = this.settle(valuesOf(this.#declared.fields as F, said, this.#limits));
    this.prepared = true;
  }

  /** Whether the address has a say in this setting. */
  protected inAddress(_name: string): boolean {
    return true;
  }

  /** For settings that depend on each other: `values` with those replaced that don't fit the others. */
  protected settle(values: ValuesOf<F>): ValuesOf<F> {
    return values;
  }

  /** Changes settings; the address follows. */
  protected change(change: Partial<ValuesOf<F>>): void {
    this.values = this.settle({ ...this.values, ...change });
    this.requestUpdate();
    if (this.settingsKey === null) return;
    const { fields, address } = this.#declared;
    const told = addressOf(fields, this.values, address, this.#limits, (name) => this.inAddress(name));
    this.saveSettings(this.settingsKey, told);
  }

  /** Runs a task; `show` gets each report, the last one too, which is returned. */
  protected async runTask<T extends AnyTask>(
    name: string,
    options: OptionsOf<T>,
    show: (report: ReportOf<T>) => void,
    guests?: Guests,
  ): Promise<ReportOf<T>> {
    const take = (report: ReportOf<T>) => {
      show(report);
      this.progress = report.progress;
      this.requestUpdate();
    };
    const report = await engine.run<T>(name, options, take, guests);
    take(report);
    return report;
  }

  /** The fields of these names. */
  protected renderFields(...names: (keyof F & string)[]): TemplateResult[] {
    return names.map((name) => this.renderField(name));
  }

  /** A field of the form. `options` replaces what a select offers, where that depends on other settings. */
  protected renderField(
    name: keyof F & string,
    options?: readonly (readonly [string, string])[],
    disabled = this.working,
  ): TemplateResult {
    const { label, control } = this.#declared.fields[name]!;
    const value = String(this.values[name]);
    switch (control.kind) {
      case 'select':
        return this.renderSelect(label, value, options ?? control.options, (said) => this.#take(name, said), disabled);
      case 'threads':
        return html`${this.renderThreads(Number(value), (count) => this.#take(name, String(count)))}`;
      case 'own':
        throw new Error(`${name} is drawn by its element`);
      case 'number': {
        const { low, high, step } = control;
        return html`<label class="field"
          >${label}
          <input
            type="number"
            min=${low}
            max=${high}
            step=${step}
            .value=${value}
            ?disabled=${this.working}
            @change=${(event: Event) => this.#typed(name, event.target as HTMLInputElement)}
        /></label>`;
      }
      case 'text':
        return html`<label class="field ${name}"
          >${label}
          <input
            type="text"
            maxlength=${control.longest}
            .value=${value}
            ?disabled=${this.working}
            @change=${(event: Event) => this.#typed(name, event.target as HTMLInputElement)}
        /></label>`;
    }
  }

  /** Takes what was typed; a refused text gives way to the value that holds. */
  #typed(name: keyof F & string, input: HTMLInputElement): void {
    if (!this.#take(name, input.value)) input.value = String(this.values[name]);
  }

  #take(name: keyof F & string, said: string): boolean {
    const value: unknown = this.#declared.fields[name]!.parse(said, this.#limits);
    if (value === undefined) return false;
    this.change({ [name]: value } as Partial<ValuesOf<F>>);
    return true;
  }

  /** Predict first, or skip; while the experiment runs, stop. */
  protected renderStart<T>(question: Question<T>, prediction: Prediction, start: Start): TemplateResult {
    if (this.working) {
      return html`<div class="section row">${this.renderStop()}<span class="muted small">${start.busy}</span></div>`;
    }
    const ready = start.offline === true || (engine.running !== null && !this.blocked);
    const begin = () => {
      prediction.commit();
      start.run();
    };
    const chosen = prediction.chosen >= 0;
    return html`<div class="section predict row">
      ${renderQuestion(question, prediction, () => this.requestUpdate())}
      <button class="primary" ?disabled=${!ready || !chosen} @click=${begin}>${start.verb}</button>
      <button class="link" ?hidden=${chosen} ?disabled=${!ready} @click=${begin}>
        ${start.skip ?? `${start.verb} without a prediction`}
      </button>
      ${this.#renderNote(start)}${start.offline === true ? nothing : this.renderBlocked()}
    </div>`;
  }

  #renderNote({ note }: Start): TemplateResult | typeof nothing {
    return note === undefined ? nothing : html`<span class="muted small">${note}</span>`;
  }

  /** The same without a question; not `ready`: something else is missing. */
  protected renderRun({ ready = true, ...start }: Start & { ready?: boolean }): TemplateResult {
    const { verb, busy, run } = start;
    return html`<div class="section row">
      ${
        this.working
          ? html`${this.renderStop()}<span class="muted small">${busy}</span>`
          : html`<button
                class="primary"
                ?disabled=${!ready || engine.running === null || this.blocked}
                @click=${() => run()}
              >
                ${verb}</button
              >${this.#renderNote(start)}${this.renderBlocked()}`
      }
    </div>`;
  }

  /** Exports the record of a run, `optlab-<name>.json`, and `sheets`. */
  protected renderExport(kind: string, name: string, content: () => object, ...sheets: Sheet[]): TemplateResult {
    const record = () => ({
      kind,
      schema: 1,
      recorded: new Date().toISOString(),
      browser: browserName(navigator.userAgent),
      page: location.href,
      engine: engine.running?.info,
      ...content(),
    });
    return html`<div class="row actions">
      <button @click=${() => saveFile(`optlab-${name}.json`, JSON.stringify(record(), null, 1))}>Export as JSON</button>
      ${sheets.map(
        ({ label, file, csv }) => html`<button @click=${() => saveFile(file, csv(), 'text/csv')}>${label}</button>`,
      )}
      <span class="muted small">The address of this page now carries these settings.</span>
    </div>`;
  }
}
