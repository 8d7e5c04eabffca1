import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { exercises } from 'virtual:optlab-exercises';
import type { Diagnostic } from '../lab/compiler/diagnostics.ts';
import { downloadBytes } from '../lab/compiler/loader.ts';
import { messageOf } from '../lab/errors.ts';
import { exerciseHeader, exportsOf, kHeaderFile, maxPoints, type Exercise } from '../lab/grading/exercise.ts';
import { gradeSource, type GradeHost, type GradeProgress } from '../lab/grading/grade.ts';
import type { GradeResult } from '../lab/grading/result.ts';
import { noProgress, withAttempt, withCode, withReplaced, type ExerciseProgress } from '../lab/progress.ts';
import { book, compilerOffer, host, type CompilerOffer } from './compiler-host.ts';
import { engine } from './context.ts';
import { renderHelp } from './code-exercise.help.ts';
import { megabytes, renderDiagnostics, renderTasks } from './code-exercise.parts.ts';
import { exerciseStyles } from './code-exercise.styles.ts';
import './plain-editor.ts';
import './submission-form.ts';
import { labStyles } from './styles.ts';

type Content = Awaited<ReturnType<(typeof exercises)[string]>>['default'];

/** What <code-editor> is, seen from here. */
interface CodeEditor extends HTMLElement {
  value: string;
  diagnostics: Diagnostic[];
  goTo(line: number, column: number): void;
}

/** How long nothing is typed until the code is kept, and until the compiler looks at it. */
const kKeepMs = 400;
const kCheckMs = 900;

/**
 * An exercise: its tasks, an editor, the compiler, what the grader says, hints and the solution. Nothing is downloaded or started before
 * the reader asks for it; the lesson's engine takes no part.
 *
 * Attribute: `exercise` ("<lesson>/<id>").
 */
export class CodeExercise extends LitElement {
  static override properties = { exercise: {} };
  static override styles = [labStyles, exerciseStyles];
  declare exercise: string;

  #content: Content | null = null;
  #progress: ExerciseProgress = noProgress();
  #offer: CompilerOffer | null = null;
  #code = '';
  /** The editor has other text than #code. */
  #push = false;
  #diagnostics: Diagnostic[] = [];
  #running: AbortController | null = null;
  #doing: GradeProgress | null = null;
  /** Of this visit or kept from the last one. */
  #result: GradeResult | null = null;
  /** The code was changed since #result. */
  #isStale = false;
  #error: unknown = null;
  #announcement = '';
  #keepTimer: ReturnType<typeof setTimeout> | undefined;
  #checkTimer: ReturnType<typeof setTimeout> | undefined;

  readonly #onChange = () => this.requestUpdate();
  readonly #onReset = (event: Event) => {
    if ((event as CustomEvent<string>).detail === this.exercise) void this.#attempt(() => this.#restore());
  };
  readonly #onLeave = () => void this.#keepNow();

  constructor() {
    super();
    this.exercise = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    host.addEventListener('change', this.#onChange);
    engine.addEventListener('change', this.#onChange);
    book.addEventListener('reset', this.#onReset);
    document.addEventListener('visibilitychange', this.#onLeave);
    addEventListener('pagehide', this.#onLeave);
    void this.#attempt(() => this.#prepare());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    host.removeEventListener('change', this.#onChange);
    engine.removeEventListener('change', this.#onChange);
    book.removeEventListener('reset', this.#onReset);
    document.removeEventListener('visibilitychange', this.#onLeave);
    removeEventListener('pagehide', this.#onLeave);
    this.#stop();
    void this.#keepNow();
  }

  async #prepare(): Promise<void> {
    const load = exercises[this.exercise];
    if (load === undefined)
      throw new RangeError(`no exercise '${this.exercise}' (there are: ${Object.keys(exercises).join(', ')})`);
    this.#content = (await load()).default;
    await this.#restore();
    this.#offer = await compilerOffer();
  }

  async #restore(): Promise<void> {
    clearTimeout(this.#keepTimer);
    this.#progress = await book.get(this.exercise);
    this.#result = this.#progress.last;
    this.#isStale = this.#progress.attempts.at(-1) !== undefined && this.#progress.edited > this.#lastRun;
    this.#setCode(this.#progress.code ?? this.#content?.starter ?? '');
  }

  get #lastRun(): number {
    return this.#progress.attempts.at(-1)?.when ?? 0;
  }

  /** Shows what `action` throws. */
  async #attempt(action: () => Promise<void>): Promise<void> {
    this.#error = null;
    this.requestUpdate();
    try {
      await action();
    } catch (error) {
      this.#error = error;
    }
    this.requestUpdate();
  }

  get #editor(): CodeEditor | null {
    return this.renderRoot.querySelector<CodeEditor>('code-editor');
  }

  #setCode(code: string): void {
    this.#code = code;
    this.#push = true;
    this.#diagnostics = [];
    this.requestUpdate();
  }

  override updated(): void {
    const editor = this.#editor;
    if (editor === null) return;
    if (this.#push && editor.value !== this.#code) editor.value = this.#code;
    this.#push = false;
    if (editor.diagnostics !== this.#diagnostics) editor.diagnostics = this.#diagnostics;
  }

  #onEdit(code: string): void {
    if (code === this.#code) return;
    this.#code = code;
    this.#isStale = true;
    clearTimeout(this.#keepTimer);
    this.#keepTimer = setTimeout(() => void this.#keepNow(), kKeepMs);
    clearTimeout(this.#checkTimer);
    this.#checkTimer = setTimeout(() => void this.#checkSyntax(), kCheckMs);
    this.requestUpdate();
  }

  async #keepNow(): Promise<void> {
    const starter = this.#content?.starter;
    if (starter === undefined || this.#code === (this.#progress.code ?? starter)) return;
    clearTimeout(this.#keepTimer);
    await this.#save(withCode(this.#progress, this.#code, starter, Date.now()));
  }

  async #save(progress: ExerciseProgress): Promise<void> {
    this.#progress = progress;
    await book.set(this.exercise, progress);
    this.requestUpdate();
  }

  /** While nothing else is going on: what the compiler says to the code as it stands. */
  async #checkSyntax(): Promise<void> {
    if (host.state.name !== 'ready' || this.#running !== null || engine.task !== null) return;
    const code = this.#code;
    const { diagnostics } = await host.compile(this.#compileOptions(code, 'syntax'));
    if (code !== this.#code || this.#running !== null) return;
    this.#diagnostics = diagnostics;
    this.requestUpdate();
  }

  #compileOptions(source: string, mode: 'syntax' | 'fast') {
    const { spec } = this.#content!;
    return {
      source,
      headers: { [kHeaderFile]: exerciseHeader(spec) },
      exports: exportsOf(spec),
      memoryPages: spec.budgets.memoryPages,
      mode,
      relaxed: spec.relaxed ?? false,
    };
  }

  async #enable(): Promise<void> {
    this.#announcement = 'Loading the compiler';
    await this.#attempt(() => host.enable());
    if (host.state.name !== 'ready') return;
    this.#announcement = 'The compiler is ready';
    this.requestUpdate();
    await this.updateComplete;
    // The button that was pressed is gone.
    if (this.shadowRoot?.activeElement === null) this.renderRoot.querySelector<HTMLElement>('button.run')?.focus();
  }

  /** In this browser: it is loaded when the code is first touched, so that the first run need not wait. */
  #warmUp(): void {
    if (this.#offer?.isKept && host.state.name === 'off' && engine.task === null) void host.enable().catch(() => {});
  }

  get #canRun(): boolean {
    return this.#running === null && engine.task === null && (this.#offer?.isKept || host.state.name === 'ready');
  }

  async #run(): Promise<void> {
    if (!this.#canRun || this.#content === null) return;
    await this.#keepNow();
    const running = new AbortController();
    this.#running = running;
    this.#doing = null;
    this.#announcement = 'Running';
    const release = engine.reserve('your own kernel');
    await this.#attempt(() => this.#grade(running.signal));
    host.endRun();
    release();
    this.#running = null;
    this.#doing = null;
    this.requestUpdate();
    await this.updateComplete;
    if (this.shadowRoot?.activeElement === null && document.activeElement === this) {
      this.renderRoot.querySelector<HTMLElement>('button.run')?.focus({ preventScroll: true });
    }
  }

  async #grade(signal: AbortSignal): Promise<void> {
    const { spec, reference } = this.#content!;
    const [lesson = '', id = ''] = this.exercise.split('/');
    const exercise: Exercise = { lesson, id, spec, reference };
    const source = this.#code;
    await host.enable();
    const result = await gradeSource({
      exercise,
      source,
      seed: crypto.getRandomValues(new Uint32Array(2)).join('-'),
      host: this.#listeningHost(source),
      signal,
      onProgress: (progress) => {
        this.#doing = progress;
        this.requestUpdate();
      },
    });
    if (signal.aborted) {
      this.#announcement = 'Stopped.';
      return;
    }
    this.#result = result;
    this.#isStale = source !== this.#code;
    await this.#save(withAttempt(this.#progress, source, result, Date.now()));
    this.#announcement = summary(result);
    const detail = { exercise: this.exercise, result, source };
    this.dispatchEvent(new CustomEvent('exercise-graded', { detail, bubbles: true, composed: true }));
  }

  /** The page's host; what the compiler says of the reader's own code is shown with its ranges, which the result leaves out. */
  #listeningHost(source: string): GradeHost {
    return {
      compile: async (options) => {
        const compiled = await host.compile(options);
        if (options.source === source && options.mode === 'fast') {
          this.#diagnostics = compiled.diagnostics;
          this.requestUpdate();
        }
        return compiled;
      },
      trapSite: (wasm, offset) => host.trapSite(wasm, offset),
      run: (request, budget) => host.run(request, budget),
      get compiler() {
        return host.compiler;
      },
    };
  }

  #stop(): void {
    if (this.#running === null) return;
    this.#running.abort();
    host.stop();
  }

  async #replaceCode(code: string): Promise<void> {
    await this.#keepNow();
    await this.#save(withReplaced(this.#progress, code, this.#content!.starter, Date.now()));
    this.#isStale = this.#result !== null;
    this.#setCode(code);
  }

  override render(): TemplateResult {
    const content = this.#content;
    if (content === null) return html`<div class="card">${this.#renderHead('Exercise')} ${this.#renderError()}</div>`;
    const { spec } = content;
    return html`<section class="card" aria-label="Exercise: ${spec.title}">
      ${this.#renderHead(spec.title)}
      <div class="section goal">
        <ul>
          ${spec.objectives.map((objective) => html`<li>${objective}</li>`)}
        </ul>
        <details>
          <summary>What you write: the header <code>exercise.h</code></summary>
          <pre tabindex="0">${exerciseHeader(spec)}</pre>
        </details>
      </div>
      <div class="editor" @focusin=${() => this.#warmUp()} @focusout=${() => this.#keepNow()}>
        <code-editor
          label="Your C++ for: ${spec.title}"
          @code-change=${(event: CustomEvent<string>) => this.#onEdit(event.detail)}
          @run=${() => this.#run()}
        ></code-editor>
      </div>
      ${renderDiagnostics(this.#diagnostics, (line, column) => this.#editor?.goTo(line, column))}
      ${this.#renderActions()}
      <progress
        max="1"
        .value=${this.#doing?.fraction ?? 0}
        aria-label="Progress of the run"
        ?hidden=${this.#running === null}
      ></progress>
      <span class="sr" role="status" aria-live="polite">${this.#announcement}</span>
      ${this.#renderError()} ${this.#renderResult(content)}
      ${renderHelp({
        exercise: this.exercise,
        content,
        progress: this.#progress,
        code: this.#code,
        save: (progress) => void this.#attempt(() => this.#save(progress)),
        replace: (code) => void this.#attempt(() => this.#replaceCode(code)),
      })}
    </section>`;
  }

  #renderHead(title: string): TemplateResult {
    const { best, attemptCount } = this.#progress;
    const most = this.#content === null ? 0 : maxPoints(this.#content.spec);
    const tries = attemptCount === 0 ? '' : `, ${attemptCount} ${attemptCount === 1 ? 'attempt' : 'attempts'}`;
    return html`<div class="head">
      <h3><span class="muted">Write it:</span> ${title}</h3>
      <span class="note"
        >${best === null ? `${most} points` : `best so far: ${best.points} of ${most} points`}${tries}</span
      >
    </div>`;
  }

  #renderActions(): TemplateResult {
    if (this.#running !== null) {
      return html`<div class="section row">
        <button class="stop" @click=${() => this.#stop()}>Stop</button>
        <span class="muted small">${this.#activity}</span>
      </div>`;
    }
    const { state } = host;
    if (state.name === 'loading' && !this.#offer?.isKept) return this.#renderLoading();
    if (state.name !== 'ready' && !this.#offer?.isKept) return this.#renderOffer();
    return html`<div class="section row">
      <button class="primary run" ?disabled=${!this.#canRun} @click=${() => this.#run()}>Run</button>
      <span class="muted small">
        ${
          engine.task !== null
            ? 'Something else on this page is being measured.'
            : state.name === 'loading'
              ? 'the compiler is starting…'
              : html`<span class="keys"><kbd>Ctrl</kbd> <kbd>Enter</kbd> in the editor does the same</span>`
        }
      </span>
    </div>`;
  }

  get #activity(): string {
    if (host.state.name === 'loading') return 'starting the compiler…';
    return this.#doing === null ? 'starting…' : `${this.#doing.doing}…`;
  }

  #renderOffer(): TemplateResult {
    const size = this.#offer === null ? 'asking for its size' : megabytes(downloadBytes(this.#offer.manifest));
    const keeps = globalThis.caches === undefined ? ', not kept in this browser' : ' once, then kept for offline use';
    return html`<div class="section row">
      <button class="primary" ?disabled=${this.#offer === null} @click=${() => this.#enable()}>
        Enable the compiler (${size}${keeps})
      </button>
      <span class="muted small">Clang runs in your browser. Your code stays on this device.</span>
    </div>`;
  }

  #renderLoading(): TemplateResult {
    const { state } = host;
    const progress = state.name === 'loading' ? state.progress : null;
    const { done, total } = progress ?? { done: 0, total: 1 };
    const text =
      done < total ? `Downloading: ${megabytes(done)} of ${megabytes(total)}` : 'Starting the compiler, a few seconds…';
    return html`<div class="section download">
      <span class="small muted">${progress === null ? 'Asking for the compiler…' : text}</span>
      <progress max=${total} .value=${done} aria-label="Download of the compiler"></progress>
    </div>`;
  }

  #renderResult({ spec }: Content): TemplateResult {
    const tests = this.#doing?.tests ?? (this.#running === null ? this.#result?.tests : undefined) ?? [];
    const result = this.#running === null ? this.#result : null;
    return html`<div class="section results ${this.#isStale && result !== null ? 'stale' : ''}">
      ${
        result === null
          ? nothing
          : html`<p class="total">
              ${summary(result)}${this.#isStale ? html`<span class="muted small"> (before your latest change)</span>` : nothing}
            </p>`
      }
      ${result?.status === 'error' && !this.#diagnostics.length ? html`<pre tabindex="0">${result.message}</pre>` : nothing}
      ${renderTasks(spec, tests, result?.status === 'error' ? null : result)}
    </div>`;
  }

  #renderError(): TemplateResult | typeof nothing {
    const { state } = host;
    const error = this.#error ?? (state.name === 'failed' ? state.reason : null);
    if (error === null) return nothing;
    return html`<div class="error" role="alert">
      <p><strong>This did not work.</strong> ${typeof error === 'string' ? error : messageOf(error)}</p>
      <button @click=${() => this.#attempt(() => (this.#offer === null ? this.#prepare() : host.enable()))}>
        Try again
      </button>
    </div>`;
  }
}

function summary({ status, points, maxPoints: most }: GradeResult): string {
  if (status === 'error') return 'It does not compile yet.';
  return status === 'pass' ? `Solved: all ${most} points.` : `${points} of ${most} points.`;
}

customElements.define('code-exercise', CodeExercise);
