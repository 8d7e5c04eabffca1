import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { exercises } from 'virtual:optlab-exercises';
import { messageOf } from '#lab/errors.ts';
import { type Exercise } from '#lab/grading/exercise.ts';
import { gradeSource, type GradeProgress } from '#lab/grading/grade.ts';
import type { GradeResult } from '#lab/grading/result.ts';
import { noProgress, withAttempt, withCode, withReplaced, type ExerciseProgress } from '#lab/progress.ts';
import { book, compilerOffer, host, type CompilerOffer } from '#kit/compiler-host.ts';
import { engine } from '#kit/context.ts';
import type { CodeEditor } from '../code-editor/element.ts';
import { Compiled } from './compiled.ts';
import { renderHelp, loadSolution } from './help.ts';
import {
  keptHistory,
  prefersPlain,
  rememberPlain,
  renderCompiler,
  renderGoal,
  renderHead,
  renderInsight,
  renderRun,
} from './view.ts';
import { renderResults, summary } from './results.ts';
import { exerciseStyles } from './styles.ts';
import { offerGuests } from '#kit/guests.ts';
import '../code-editor/element.ts';
import '../code-insight/element.ts';
import '../submission-form/element.ts';
import { labStyles } from '#kit/styles.ts';

type Content = Awaited<ReturnType<(typeof exercises)[string]>>['default'];

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
  /** As a text area, for who prefers one. */
  #plain = prefersPlain();
  readonly #compiled = new Compiled(() => this.requestUpdate());
  #solution: string | null = null;
  #running: AbortController | null = null;
  #doing: GradeProgress | null = null;
  /** The last result: of this visit, or kept from an earlier one. */
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
    // What has passed on an earlier visit is offered again, as long as that downloads nothing.
    if (this.#result !== null && !this.#isStale && this.#offer.isKept) {
      offerGuests(this.#content, this.#code, this.#result);
    }
  }

  async #restore(): Promise<void> {
    clearTimeout(this.#keepTimer);
    this.#progress = await book.get(this.exercise);
    this.#result = this.#progress.last;
    this.#isStale = this.#progress.attempts.at(-1) !== undefined && this.#progress.edited > this.#lastRun;
    this.#setCode(this.#progress.code ?? this.#content?.starter ?? '');
    await this.#showSolution();
  }

  /** Beside the reader's own, once it may be seen and was opened. */
  async #showSolution(): Promise<void> {
    if (this.#progress.solutionSeen !== null) this.#solution ??= await loadSolution(this.exercise);
    this.requestUpdate();
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
    this.#compiled.diagnostics = [];
    this.requestUpdate();
  }

  override updated(): void {
    const editor = this.#editor;
    if (editor === null) return;
    if (this.#push && editor.value !== this.#code) {
      editor.value = this.#code;
      if (this.#progress.history !== null) editor.history = this.#progress.history;
    }
    this.#push = false;
    if (editor.diagnostics !== this.#compiled.diagnostics) editor.diagnostics = this.#compiled.diagnostics;
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
    const history = keptHistory(this.#editor?.history);
    await this.#save({ ...withCode(this.#progress, this.#code, starter, Date.now()), history });
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
    await this.#compiled.check(this.#content!, code, () => code !== this.#code || this.#running !== null);
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
    const hasCompiler = this.#offer?.isKept || host.state.name === 'ready';
    return this.#running === null && engine.task === null && hasCompiler;
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
    void this.#compiled.look(this.#content!, this.#code);
    await this.updateComplete;
    if (this.shadowRoot?.activeElement === null && document.activeElement === this) {
      this.renderRoot.querySelector<HTMLElement>('button.run')?.focus({ preventScroll: true });
    }
  }

  async #grade(signal: AbortSignal): Promise<void> {
    const { spec, reference, headers } = this.#content!;
    const [lesson = '', id = ''] = this.exercise.split('/');
    const exercise: Exercise = { lesson, id, spec, reference, headers };
    const source = this.#code;
    await host.enable();
    const result = await gradeSource({
      exercise,
      source,
      seed: crypto.getRandomValues(new Uint32Array(2)).join('-'),
      host: this.#compiled.listeningHost(source),
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
    offerGuests(exercise, source, result);
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
    if (content === null)
      return html`<div class="card">${renderHead('Exercise', null, this.#progress)} ${this.#renderError()}</div>`;
    const { spec } = content;
    return html`<section class="card" aria-label="Exercise: ${spec.title}">
      ${renderHead(spec.title, spec, this.#progress)} ${renderGoal(content)}
      <div class="editor" @focusin=${() => this.#warmUp()} @focusout=${() => this.#keepNow()}>
        <code-editor
          .label=${`Your C++ for: ${spec.title}`}
          .plain=${this.#plain}
          @code-change=${(event: CustomEvent<string>) => this.#onEdit(event.detail)}
          @run=${() => this.#run()}
        ></code-editor>
      </div>
      ${this.#renderActions()}
      <progress
        max="1"
        .value=${this.#doing?.fraction ?? 0}
        aria-label="Progress of the run"
        ?hidden=${this.#running === null}
      ></progress>
      <span class="sr" role="status" aria-live="polite">${this.#announcement}</span>
      ${this.#renderError()}
      ${renderResults({
        spec,
        tests: this.#doing?.tests ?? (this.#running === null ? this.#result?.tests : null) ?? [],
        result: this.#running === null ? this.#result : null,
        isStale: this.#isStale,
        isListed: this.#compiled.diagnostics.length > 0,
      })}
      ${renderInsight({
        insight: this.#compiled.insight,
        starter: content.starter,
        own: this.#code,
        solution: this.#solution,
        look: (isOpen) => {
          this.#compiled.looksInside = isOpen;
          void this.#compiled.look(this.#content!, this.#code);
        },
        goTo: (line, column) => this.#editor?.goTo(line, column),
      })}
      ${renderHelp({
        exercise: this.exercise,
        content,
        progress: this.#progress,
        solution: this.#solution,
        code: this.#code,
        save: (progress) =>
          void this.#attempt(async () => {
            await this.#save(progress);
            await this.#showSolution();
          }),
        replace: (code) => void this.#attempt(() => this.#replaceCode(code)),
      })}
    </section>`;
  }

  #renderActions(): TemplateResult {
    if (this.#running !== null) {
      return html`<div class="section row">
        <button class="stop" @click=${() => this.#stop()}>Stop</button>
        <span class="muted small">${this.#activity}</span>
      </div>`;
    }
    const { state } = host;
    if (state.name !== 'ready' && !this.#offer?.isKept)
      return renderCompiler(state, this.#offer, () => void this.#enable());
    return renderRun({
      note: engine.task !== null ? 'measuring' : state.name === 'loading' ? 'starting' : 'keys',
      canRun: this.#canRun,
      isPlain: this.#plain,
      run: () => void this.#run(),
      format: () => void this.#editor?.format(),
      togglePlain: () => this.#togglePlain(),
    });
  }

  get #activity(): string {
    if (host.state.name === 'loading') return 'starting the compiler…';
    return this.#doing === null ? 'starting…' : `${this.#doing.doing}…`;
  }

  #togglePlain(): void {
    this.#plain = !this.#plain;
    rememberPlain(this.#plain);
    this.requestUpdate();
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

customElements.define('code-exercise', CodeExercise);
