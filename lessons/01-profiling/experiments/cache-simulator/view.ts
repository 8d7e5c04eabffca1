import { html, nothing, type TemplateResult } from 'lit';
import {
  addressOf,
  cellsOf,
  setOf,
  setsOf,
  totalsOf,
  type CacheCell,
  type CacheSettings,
  type CacheState,
  type CacheStep,
} from './cache.ts';
import type { NestInfo } from '#lab/types.ts';
import { thousands } from '#lab/text.ts';

/** Beyond so many sets a drawing says nothing any more. */
const kMostSets = 128;
/** Up to so many lines each has a text of its own. */
const kMostLabels = 64;

/** The registered colours of arrays, which the theme keeps apart for colour-blind readers. */
export const arrayColor = (array: number): string => `var(--lab-${[5, 3, 6][array % 3]})`;

/** The source, the line at work marked, with what each line has cost so far. */
export function renderCode({
  nest,
  state,
  step,
}: {
  nest: NestInfo;
  state: CacheState;
  step: CacheStep | undefined;
}): TemplateResult {
  return html`<div class="code scroll" tabindex="0" role="region" aria-label="The loop nest, with counts for each line">
    <table>
      <caption>
        <span>${nest.idea}</span>
      </caption>
      <thead>
        <tr>
          <th scope="col">Source</th>
          <th scope="col">Misses</th>
          <th scope="col">Accesses</th>
        </tr>
      </thead>
      <tbody>
        ${nest.code.map((text, line) => {
          const totals = totalsOf(state, (count) => count.sourceLine === line);
          const active = step?.sourceLine === line;
          return html`<tr class=${active ? 'active' : ''} aria-current=${active ? 'step' : 'false'}>
            <th scope="row"><pre>${active ? markAccess(text, nest, step) : text}</pre></th>
            <td>${totals.accesses === 0 ? '' : thousands(totals.misses)}</td>
            <td>${totals.accesses === 0 ? '' : thousands(totals.accesses)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

/** The line with the array that is accessed marked. A read that also stands on the left of += is marked there. */
function markAccess(text: string, nest: NestInfo, step: CacheStep): TemplateResult {
  const name = nest.arrays[step.array] ?? '';
  const match = new RegExp(`\\b${name}(?:\\[[a-z]+\\])+`).exec(text);
  if (match === null) return html`${text}`;
  const end = match.index + match[0].length;
  return html`${text.slice(0, match.index)}<mark class=${step.hit ? 'hit' : 'missed'}>${match[0]}</mark
    >${text.slice(end)}`;
}

/** The sets, one under the other, each with its ways from the most to the least recently used. */
export function renderGrid({
  nest,
  state,
  settings,
  step,
}: {
  nest: NestInfo;
  state: CacheState;
  settings: CacheSettings;
  step: CacheStep | undefined;
}): TemplateResult {
  const sets = setsOf(settings.level);
  if (sets > kMostSets) {
    return html`<p class="muted small">${sets} sets are too many to draw; the counts are below.</p>`;
  }
  const cells = cellsOf(state, settings);
  const labelled = cells.length * settings.level.ways <= kMostLabels;
  const touched = step === undefined ? -1 : setOf(addressOf(step, state, settings), settings.level);
  const used = cells.flat().filter((cell) => cell !== null).length;
  return html`<div class="grid-box">
    <p class="muted small">
      The cache: a row is a set; its ways, last used first.
      ${nest.arrays.map((name, array) => html`<span class="swatch" style="background:${arrayColor(array)}" aria-hidden="true"></span>${name} `)}
    </p>
    <div
      class="grid ${labelled ? 'labelled' : 'small-cells'}"
      role="img"
      aria-label="${used} of ${cells.length * settings.level.ways} lines of the cache are in use. ${contentsText(cells, nest, labelled)}"
    >
      ${cells.map(
        (ways, set) =>
          html`<div class="set ${set === touched ? 'touched' : ''}" aria-hidden="true">
            <span class="number">${labelled || set % 8 === 0 || set === touched ? set : ''}</span>
            ${ways.map((cell, way) => renderCell(cell, nest, { labelled, settings, fresh: set === touched && way === 0 ? step : undefined }))}
          </div>`,
      )}
    </div>
  </div>`;
}

function renderCell(
  cell: CacheCell | null,
  nest: NestInfo,
  { labelled, settings, fresh }: { labelled: boolean; settings: CacheSettings; fresh: CacheStep | undefined },
): TemplateResult {
  const state = fresh === undefined ? '' : fresh.hit ? 'hit' : 'missed';
  if (cell === null) return html`<span class="cell empty"></span>`;
  const label = cellLabel(cell, nest, settings);
  return html`<span class="cell ${state}" style="--array:${arrayColor(cell.array)}" title=${label}
    >${labelled ? label : nothing}</span
  >`;
}

/** "A[1][0–3]", or "A[1][2] …" where a line goes on into the next row. */
function cellLabel(cell: CacheCell, nest: NestInfo, settings: CacheSettings): string {
  const name = nest.arrays[cell.array] ?? '';
  const last = cell.column + settings.level.line / 4 - 1;
  const pitch = settings.n + settings.padding;
  return last < pitch ? `${name}[${cell.row}][${cell.column}–${last}]` : `${name}[${cell.row}][${cell.column}] …`;
}

function contentsText(cells: readonly (CacheCell | null)[][], nest: NestInfo, labelled: boolean): string {
  if (!labelled) return '';
  return cells
    .map((ways, set) => {
      const names = ways.flatMap((cell) => (cell === null ? [] : [`${nest.arrays[cell.array]} line ${cell.line}`]));
      return names.length === 0 ? '' : `Set ${set}: ${names.join(', ')}.`;
    })
    .filter((text) => text !== '')
    .join(' ');
}
