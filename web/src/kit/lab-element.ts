import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { buildLabel } from '#lab/features.ts';
import { StoppedError } from '#lab/errors.ts';
import { kGuestRung } from '#lab/guest.ts';
import type { VariantInfo } from '#lab/types.ts';
import { readSettings, writeSettings, type Settings } from '#lab/url-state.ts';
import { engine, session } from './context.ts';
import { labStyles } from './styles.ts';

/** What all experiments share: the engine's state, errors with a retry button, progress, settings in the address. */
export abstract class LabElement extends LitElement {
  static override styles = [labStyles];

  protected error: unknown = null;
  /** This element's own task runs. */
  protected working = false;
  protected progress = 0;
  /** Spoken by screen readers; changes rarely. */
  protected announcement = '';

  #started = false;
  readonly #onChange = () => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    engine.addEventListener('change', this.#onChange);
    session.addEventListener('change', this.#onChange);
    void this.attempt(() => this.prepare());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    engine.removeEventListener('change', this.#onChange);
    session.removeEventListener('change', this.#onChange);
    if (this.working) engine.stop();
  }

  /** What must be there before the element can be used; called again by the retry button. */
  protected async prepare(): Promise<void> {
    if (this.#started) return void (await engine.start());
    // What a reader changed before the address is read would be lost, or run as something else.
    this.inert = true;
    try {
      await engine.start();
    } finally {
      this.inert = false;
      this.#started = true;
    }
  }

  /** Runs `action` and shows what it throws. */
  protected async attempt(action: () => Promise<void>): Promise<void> {
    this.error = null;
    this.requestUpdate();
    try {
      await action();
    } catch (error) {
      const isStopped = error instanceof StoppedError;
      if (!isStopped) this.error = error;
      this.announcement = isStopped ? 'Stopped.' : '';
    }
    this.requestUpdate();
  }

  /** The same for a measurement: progress and stop belong to this element meanwhile. */
  protected async work(action: () => Promise<void>): Promise<void> {
    if (this.working) return;
    this.working = true;
    this.progress = 0;
    this.announcement = 'Running';
    void this.#moveFocus('.stop');
    await this.attempt(action);
    this.working = false;
    const settled = this.#moveFocus('button.primary:enabled, button.link:enabled');
    this.requestUpdate();
    await settled;
  }

  /** Start and stop replace each other: a keyboard's focus on one goes to the other instead of getting lost. */
  async #moveFocus(to: string): Promise<void> {
    const button = (this.renderRoot as ShadowRoot).activeElement;
    if (button === null || !button.matches('button.primary, button.link, button.stop')) return;
    this.requestUpdate();
    await this.updateComplete;
    if (!button.isConnected) this.renderRoot.querySelector<HTMLElement>(to)?.focus({ preventScroll: true });
  }

  protected get variants(): readonly VariantInfo[] {
    const all = engine.running?.info.variants ?? [];
    const hasGuest = this.racesGuest && session.guests.has('matmul');
    const guest = hasGuest ? all.filter(({ name }) => name === kGuestRung) : [];
    return [...all.filter((variant) => variant.supported), ...guest];
  }

  /** Whether the reader's product is a rung too, once there is one. */
  protected get racesGuest(): boolean {
    return false;
  }

  protected get maxThreads(): number {
    return engine.running?.info.threads ?? 1;
  }

  /** Another experiment of the page is being measured; two at once would disturb each other. */
  protected get blocked(): boolean {
    return engine.task !== null && !this.working;
  }

  /** Under which name the address keeps this element's settings; null if it has none. */
  protected get settingsKey(): string | null {
    return null;
  }

  protected settings(key: string): Settings {
    return readSettings(location.search, key);
  }

  protected saveSettings(key: string, settings: Settings): void {
    history.replaceState(
      history.state,
      '',
      location.pathname + writeSettings(location.search, key, settings) + location.hash,
    );
  }

  protected renderHead(title: string): TemplateResult {
    const running = engine.running;
    const note = running === null ? 'starting the engine…' : buildLabel(running.choice.build, running.info.threads);
    return html`<div class="head">
      <h3>${title}</h3>
      <span class="note">${this.error !== null && running === null ? 'engine not running' : note}</span>
    </div>`;
  }

  protected renderProgress(label: string): TemplateResult {
    return html`<progress
        max="1"
        .value=${this.working ? this.progress : 0}
        aria-label=${label}
        ?hidden=${!this.working}
      ></progress>
      <span class="sr" role="status" aria-live="polite">${this.announcement}</span>`;
  }

  protected renderError(): TemplateResult | typeof nothing {
    if (this.error === null) return nothing;
    const message = this.error instanceof Error ? this.error.message : String(this.error);
    return html`<div class="error" role="alert">
      <p><strong>${errorTitle(this.error)}</strong> ${message}</p>
      ${
        this.error instanceof Error && this.error.name === 'RangeError' && this.settingsKey !== null
          ? html`<button @click=${() => this.#resetSettings()}>Reset the settings</button>`
          : html`<button @click=${() => this.attempt(() => this.prepare())}>Try again</button>`
      }
    </div>`;
  }

  /** Forgets what the address says, and prepares again with the page's own settings. */
  #resetSettings(): Promise<void> {
    if (this.settingsKey !== null) this.saveSettings(this.settingsKey, {});
    return this.attempt(() => this.prepare());
  }

  protected renderStop(): TemplateResult {
    return html`<button class="stop" @click=${() => engine.stop()}>Stop</button>`;
  }

  protected renderThreads(value: number, change: (threads: number) => void): TemplateResult | typeof nothing {
    if (this.maxThreads === 1) return nothing;
    const counts = Array.from({ length: this.maxThreads }, (_, i) => i + 1);
    return html`<label class="field"
      >Threads
      <select
        ?disabled=${this.working}
        @change=${(event: Event) => change(Number((event.target as HTMLSelectElement).value))}
      >
        ${counts.map((count) => html`<option value=${count} .selected=${count === value}>${count}</option>`)}
      </select></label
    >`;
  }

  /** A choice among values, each with its text. */
  protected renderSelect(
    label: string,
    value: string,
    options: readonly (readonly [string, string])[],
    change: (value: string) => void,
    disabled = this.working,
  ): TemplateResult {
    return html`<label class="field"
      >${label}
      <select
        aria-label=${label}
        ?disabled=${disabled}
        @change=${(event: Event) => change((event.target as HTMLSelectElement).value)}
      >
        ${options.map(([name, text]) => html`<option value=${name} .selected=${name === value}>${text}</option>`)}
      </select></label
    >`;
  }

  protected renderBlocked(): TemplateResult | typeof nothing {
    return this.blocked ? html`<span class="muted small">Another experiment is being measured.</span>` : nothing;
  }
}

/** Values as the options of a select. */
export function texts<T extends string | number>(
  values: readonly T[],
  text: (value: T) => string = String,
): [string, string][] {
  return values.map((value) => [String(value), text(value)]);
}

function errorTitle(error: unknown): string {
  switch (error instanceof Error ? error.name : '') {
    case 'DataError':
      return 'Data could not be used.';
    case 'UnsupportedError':
      return 'This browser cannot run the experiments.';
    case 'EngineError':
    case 'RuntimeError':
      return 'The engine failed.';
    case 'RangeError':
      return 'These settings do not work.';
    default:
      return 'Something went wrong.';
  }
}

export function saveFile(name: string, content: string | Uint8Array, type = 'application/json'): void {
  const url = URL.createObjectURL(new Blob([content as BlobPart], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
