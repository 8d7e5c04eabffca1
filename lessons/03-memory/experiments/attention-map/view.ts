import { html, svg, type TemplateResult } from 'lit';
import { renderTable } from '#kit/table.ts';
import { cellState, kCellTexts, rowOf, tokenLabel, type CellState, type KeepPolicy } from '../cache-views.ts';
import type { AttentionMaps } from './task.ts';
import { percent } from '#lab/text.ts';

/** Of a cell in a map that is drawn large: its edge in the drawing's own pixels. */
const kCell = 8;
/** A blue that stands out on light and dark alike; only its opacity says how much. */
const kInk = '47, 134, 214';

/** A head's probabilities, one pixel a cell. */
export function drawThumbnail(canvas: HTMLCanvasElement, maps: AttentionMaps, layer: number, head: number): void {
  const T = maps.tokens.length;
  [canvas.width, canvas.height] = [T, T];
  const context = canvas.getContext('2d');
  if (context === null) return;
  for (let query = 0; query < T; ++query) {
    const row = rowOf(maps, layer, head, query);
    for (let key = 0; key <= query; ++key) {
      context.fillStyle = ink(row[key]!);
      context.fillRect(key, query, 1, 1);
    }
  }
}

/** The square root, so that small probabilities can be seen beside large ones. */
const ink = (p: number): string => `rgba(${kInk}, ${Math.sqrt(p).toFixed(3)})`;

export interface MapDrawing {
  maps: AttentionMaps;
  layer: number;
  head: number;
  newest: number;
  policy: KeepPolicy;
}

/** The map in full: what is recomputed without a cache has a dot in its corner, what is evicted is crossed out. */
export function drawMap(canvas: HTMLCanvasElement, { maps, layer, head, newest, policy }: MapDrawing): void {
  const T = maps.tokens.length;
  [canvas.width, canvas.height] = [T * kCell, T * kCell];
  const context = canvas.getContext('2d');
  if (context === null) return;
  for (let query = 0; query < T; ++query) {
    const row = rowOf(maps, layer, head, query);
    for (let key = 0; key <= query; ++key) {
      const state = cellState(query, key, newest, policy);
      drawCell(context, key * kCell, query * kCell, state, row[key]!);
    }
  }
}

function drawCell(context: CanvasRenderingContext2D, x: number, y: number, state: CellState, p: number): void {
  if (state === 'evicted') {
    context.strokeStyle = 'rgba(128, 128, 128, 0.75)';
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x + 1.5, y + 1.5);
    context.lineTo(x + kCell - 1.5, y + kCell - 1.5);
    context.moveTo(x + kCell - 1.5, y + 1.5);
    context.lineTo(x + 1.5, y + kCell - 1.5);
    context.stroke();
    return;
  }
  if (state === 'not yet') {
    context.fillStyle = 'rgba(128, 128, 128, 0.12)';
    context.fillRect(x, y, kCell, kCell);
    return;
  }
  context.fillStyle = ink(p);
  context.fillRect(x, y, kCell, kCell);
  if (state === 'recomputed') {
    context.fillStyle = 'rgba(205, 133, 20, 0.9)';
    context.fillRect(x + kCell - 2, y, 2, 2);
  }
}

/** Marks over the drawing: the newest token's row and the chosen cell. */
export function renderMarks(T: number, newest: number, chosen: { query: number; key: number }): TemplateResult {
  return html`<svg viewBox="0 0 ${T} ${T}" aria-hidden="true">
    <rect class="newest" x="0" y=${newest} width=${newest + 1} height="1" />
    <rect class="chosen" x=${chosen.key} y=${chosen.query} width="1" height="1" />
  </svg>`;
}

export function renderKey(): TemplateResult {
  const swatch = (content: unknown) => html`<svg viewBox="0 0 8 8" aria-hidden="true">${content}</svg>`;
  const blue = svg`<rect width="8" height="8" fill="rgba(${kInk}, 0.7)" />`;
  return html`<ul class="key">
    <li>${swatch(blue)} the stronger the blue, the more probable (drawn by its square root)</li>
    <li>
      ${swatch(svg`${blue}<rect width="8" height="8" fill="none" stroke="currentColor" stroke-width="2" />`)} framed
      row: the newest token's, all that a step computes with a cache
    </li>
    <li>
      ${swatch(svg`${blue}<rect x="5" width="3" height="3" fill="rgb(205, 133, 20)" />`)} corner marked: computed again
      in this step without a cache
    </li>
    <li>
      ${swatch(svg`<path d="M1 1 L7 7 M7 1 L1 7" stroke="rgb(128, 128, 128)" />`)} crossed out: the key was evicted
      before
    </li>
    <li>${swatch(svg`<rect width="8" height="8" fill="rgba(128, 128, 128, 0.25)" />`)} grey: not read yet</li>
  </ul>`;
}

/** A query's row, key by key. */
export function renderRowTable({ maps, layer, head, newest, policy }: MapDrawing, query: number): TemplateResult {
  const row = rowOf(maps, layer, head, query);
  return html`<details>
    <summary>Row ${query} as a table</summary>
    ${renderTable({
      label: 'Where the token looks',
      caption: html`Where position ${query}, <code>${tokenLabel(maps.tokens[query]!)}</code>, looks: layer ${layer},
        head ${head}`,
      columns: ['Position', 'Token', 'Probability', 'Cell'],
      rows: Array.from(row.subarray(0, query + 1), (p, key) => {
        const state = cellState(query, key, newest, policy);
        return [key, tokenLabel(maps.tokens[key]!), state === 'evicted' ? '–' : percent(p), state];
      }),
    })}
  </details>`;
}

/** "39 ␣sea gives 12 % to 3 ␣whale: …" */
export function renderCell(drawing: MapDrawing, query: number, key: number): TemplateResult {
  const { maps, layer, head, newest, policy } = drawing;
  const token = (position: number) => html`<code>${tokenLabel(maps.tokens[position]!)}</code>`;
  const state = cellState(query, key, newest, policy);
  const p = rowOf(maps, layer, head, query)[key]!;
  const verb =
    state === 'later'
      ? html`does not see position ${key}, ${token(key)}`
      : state === 'evicted'
        ? html`no longer finds position ${key}, ${token(key)}`
        : html`gives <strong>${percent(p)}</strong> of its attention to position ${key}, ${token(key)}`;
  return html`Position ${query}, ${token(query)}, ${verb}: ${kCellTexts[state]}.`;
}
