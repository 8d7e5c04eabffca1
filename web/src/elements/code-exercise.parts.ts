import { html, type TemplateResult } from 'lit';
import { downloadBytes } from '../lab/compiler/loader.ts';
import type { CompilerState } from '../lab/grading/page-host.ts';
import { kMostCode } from '../lab/progress.ts';
import type { CompilerOffer } from './compiler-host.ts';

/** 22841596 → "22.8 MB" */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function when(time: number): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
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
