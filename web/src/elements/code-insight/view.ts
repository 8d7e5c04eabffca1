import { html, nothing, type TemplateResult } from 'lit';
import { loopLabel, sourceLabel, type AsmFunction, type AsmLine } from '#lab/compiler/assembly.ts';
import { loopSummary, type LoopReport } from '#lab/compiler/loops.ts';

export type GoTo = (line: number, column: number) => void;

/** Longer texts are cut: nobody reads them, and a page should not stall on them. */
const kMostLines = 2_000;

/** The compiler's remarks, loop by loop. `source`: what was compiled, to show the lines themselves. */
export function renderLoops(reports: readonly LoopReport[], source: string | null, goTo: GoTo): TemplateResult {
  const lines = source?.split('\n') ?? [];
  const place = (line: number, column: number) => {
    const text = lines[line - 1]?.trim() ?? '';
    return html`<button class="place" @click=${() => goTo(line, column)}>line ${line}${text && `: ${text}`}</button>`;
  };
  return html`<p>${loopSummary(reports)}</p>
    <ul class="loops">
      ${reports.map(
        (report) =>
          html`<li class=${report.vectorized}>
            ${place(report.line, report.column)}
            <p>${report.sentence}</p>
            ${report.reasons.map(
              ({ line, column, sentence, message }) =>
                html`<p>${sentence}</p>
                  ${line === report.line ? nothing : html`<p>${place(line, column)}</p>`}
                  <p class="words">clang: ${message}</p>`,
            )}
          </li>`,
      )}
    </ul>`;
}

/** The inner loops of a function in numbers. */
export function renderLoopTable({ loops }: AsmFunction, show: (loop: number) => void, goTo: GoTo): TemplateResult {
  const inner = loops.map((loop, index) => ({ loop, index })).filter(({ loop }) => loop.isInner);
  if (inner.length === 0) return html`<p class="muted small">No loops.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Inner loops as a table">
    <table>
      <thead>
        <tr>
          ${['Inner loop', 'Source', 'Instructions', 'SIMD', 'Loads and stores', 'Moves of locals'].map(
            (title) => html`<th scope="col">${title}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${inner.map(
          ({ loop, index }, i) =>
            html`<tr>
              <th scope="row"><button class="link" @click=${() => show(index)}>loop ${i + 1}</button></th>
              <td>
                ${
                  loop.source[0] === undefined
                    ? '–'
                    : html`<button class="link" @click=${() => goTo(loop.source[0]!, 1)}>${sourceLabel(loop)}</button>`
                }
              </td>
              <td>${loop.instructions}</td>
              <td>${loop.simd}</td>
              <td>${loop.memory}</td>
              <td>${loop.moves}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** The instructions, inner loops marked. */
export function renderInstructions({ name, lines, loops }: AsmFunction): TemplateResult {
  let inner = 0;
  return html`<div class="asm" tabindex="0" role="region" aria-label="Instructions of ${name}">
    <ol>
      ${lines.slice(0, kMostLines).map((line, i) => {
        const loop = line.inner === null ? undefined : loops[line.inner];
        const begins = loop?.from === i;
        if (begins) ++inner;
        return html`${
          begins
            ? html`<li class="title inner" style="--depth: ${line.depth}" id="loop-${line.inner}">
                ${`${inner}. ${[loopLabel(loop), sourceLabel(loop)].filter(Boolean).join(' · ')}`}
              </li>`
            : nothing
        }${renderInstruction(line)}`;
      })}
      ${lines.length > kMostLines ? html`<li style="--depth: 0">… and ${lines.length - kMostLines} lines more</li>` : nothing}
    </ol>
  </div>`;
}

function renderInstruction({ operation, operands, comment, depth, isSimd, isMark, inner }: AsmLine): TemplateResult {
  const kind = isSimd ? 'simd' : isMark ? 'mark' : '';
  return html`<li class=${inner === null ? '' : 'inner'} style="--depth: ${depth}">
    <span class=${kind}>${operation}</span>${operands && html` <span class="operands">${operands}</span>`}${
      comment && html` <span class="comment">${comment}</span>`
    }
  </li>`;
}
