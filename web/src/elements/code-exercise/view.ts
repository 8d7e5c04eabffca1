import { html, type TemplateResult } from 'lit';
import type { Diagnostic } from '#lab/compiler/diagnostics.ts';
import { downloadBytes } from '#lab/compiler/loader.ts';
import type { CompilerState } from '#lab/grading/page-host.ts';
import { exerciseHeader, maxPoints, type Exercise, type ExerciseSpec } from '#lab/grading/exercise.ts';
import { kMostCode, type ExerciseProgress } from '#lab/progress.ts';
import type { CompilerOffer } from '#kit/compiler-host.ts';

/** 22841596 → "22.8 MB" */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function when(time: number): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

export function renderHead(title: string, spec: ExerciseSpec | null, progress: ExerciseProgress): TemplateResult {
  const { best, attemptCount } = progress;
  const most = spec === null ? 0 : maxPoints(spec);
  const tries = attemptCount === 0 ? '' : `, ${attemptCount} ${attemptCount === 1 ? 'attempt' : 'attempts'}`;
  const points = best === null ? `${most} points` : `best so far: ${best.points} of ${most} points`;
  return html`<div class="head">
    <h3><span class="muted">Write it:</span> ${title}</h3>
    <span class="note">${points}${tries}</span>
  </div>`;
}

/** What is asked for, and the headers that say it to the compiler. */
export function renderGoal(content: Pick<Exercise, 'spec' | 'headers'>): TemplateResult {
  const { spec } = content;
  return html`<div class="section goal">
    <ul>
      ${spec.objectives.map((objective) => html`<li>${objective}</li>`)}
    </ul>
    <details>
      <summary>What you write: the header <code>exercise.h</code></summary>
      <pre tabindex="0">${exerciseHeader(spec)}</pre>
    </details>
    ${Object.entries(content.headers ?? {}).map(
      ([name, text]) =>
        html`<details>
          <summary>What you may use: the header <code>${name}</code></summary>
          <pre tabindex="0">${text}</pre>
        </details>`,
    )}
  </div>`;
}

/** The way to a compiler: what it would download, then how far that is. */
export function renderCompiler(state: CompilerState, offer: CompilerOffer | null, enable: () => void): TemplateResult {
  if (state.name === 'loading') return renderLoading(state.progress ?? { done: 0, total: 0 });
  const size = offer === null ? 'asking for its size' : megabytes(downloadBytes(offer.manifest));
  const keeps = globalThis.caches === undefined ? ', not kept in this browser' : ' once, then kept for offline use';
  return html`<div class="section row">
    <button class="primary" ?disabled=${offer === null} @click=${enable}>Enable the compiler (${size}${keeps})</button>
    <span class="muted small">Clang runs in your browser. Your code stays on this device.</span>
  </div>`;
}

function renderLoading({ done, total }: { done: number; total: number }): TemplateResult {
  const downloading = `Downloading: ${megabytes(done)} of ${megabytes(total)}`;
  const text =
    total === 0 ? 'Asking for the compiler…' : done < total ? downloading : 'Starting the compiler, a few seconds…';
  return html`<div class="section download">
    <span class="small muted">${text}</span>
    <progress max=${total || 1} .value=${done} aria-label="Download of the compiler"></progress>
  </div>`;
}

export interface RunContext {
  /** What stands beside the button. */
  note: 'measuring' | 'starting' | 'keys';
  canRun: boolean;
  isPlain: boolean;
  run: () => void;
  format: () => void;
  togglePlain: () => void;
}

const kRunNotes = {
  measuring: 'Something else on this page is being measured.',
  starting: 'the compiler is starting…',
  keys: html`<span class="keys"><kbd>Ctrl</kbd> <kbd>Enter</kbd> in the editor does the same</span>`,
};

export function renderRun({ note, canRun, isPlain, run, format, togglePlain }: RunContext): TemplateResult {
  return html`<div class="section row">
    <button class="primary run" ?disabled=${!canRun} @click=${run}>Run</button>
    <span class="muted small">${kRunNotes[note]}</span>
    <span class="tools">
      <button class="link" @click=${format}>Format</button>
      <button class="link" aria-pressed=${isPlain ? 'true' : 'false'} @click=${togglePlain}>Plain text area</button>
    </span>
  </div>`;
}

/** What the compiler made of `source`. */
export interface Insight {
  source: string;
  remarks: Diagnostic[];
  assembly: string | null;
}

export interface InsightContext {
  insight: Insight | null;
  starter: string;
  own: string;
  /** Null while it is not to be seen. */
  solution: string | null;
  look(isOpen: boolean): void;
  goTo(line: number, column: number): void;
}

export function renderInsight({ insight, starter, own, solution, look, goTo }: InsightContext): TemplateResult {
  return html`<details class="insight" @toggle=${(event: Event) => look((event.target as HTMLDetailsElement).open)}>
    <summary>Look inside: loops, instructions, comparison</summary>
    <code-insight
      .remarks=${insight?.remarks ?? null}
      .assembly=${insight?.assembly ?? null}
      .compiled=${insight?.source ?? null}
      .starter=${starter}
      .own=${own}
      .solution=${solution}
      @go-to=${({ detail }: CustomEvent<{ line: number; column: number }>) => goTo(detail.line, detail.column)}
    ></code-insight>
  </details>`;
}

/** A history that has grown large is not worth its room. */
export function keptHistory(history: unknown): unknown {
  return history === undefined || JSON.stringify(history).length > kMostCode ? null : history;
}

const kPlainKey = 'optlab-plain-editor';

/** Storage may be refused; then it is chosen again on each page. */
export function prefersPlain(): boolean {
  try {
    return localStorage.getItem(kPlainKey) === 'yes';
  } catch {
    return false;
  }
}
export function rememberPlain(plain: boolean): void {
  try {
    localStorage.setItem(kPlainKey, plain ? 'yes' : 'no');
  } catch {
    // asked again next time
  }
}
