import { html, nothing, type TemplateResult } from 'lit';

/** Figures in rows. */
export interface Table {
  /** For who can't see it. */
  label: string;
  caption: unknown;
  columns: readonly unknown[];
  /** Each row's first cell is its heading. */
  rows: readonly (readonly unknown[])[];
}

/** A cell with a class, a style or a title of its own, or over several columns. */
class Cell {
  readonly content: unknown;
  readonly look: { name?: string; style?: string; title?: string; columns?: number };
  constructor(content: unknown, look: Cell['look']) {
    this.content = content;
    this.look = look;
  }
}

export const cell = (content: unknown, look: Cell['look']): Cell => new Cell(content, look);

/** A table that scrolls by itself where the page is too narrow; it often has the figures of a chart. */
export const renderTable = ({ label, caption, columns, rows }: Table): TemplateResult =>
  html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table>
      <caption>
        <span>${caption}</span>
      </caption>
      <thead>
        <tr>
          ${columns.map((title) => html`<th scope="col">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([heading, ...cells]) =>
            html`<tr>
              ${renderHeading(heading)}${cells.map(renderCell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;

function renderHeading(of: unknown): TemplateResult {
  const { content, look } = of instanceof Cell ? of : cell(of, {});
  return html`<th scope="row" class=${look.name ?? nothing} style=${look.style ?? nothing}>${content}</th>`;
}

function renderCell(of: unknown): TemplateResult {
  if (!(of instanceof Cell)) return html`<td>${of}</td>`;
  const { content, look } = of;
  const { name, style, title, columns } = look;
  return html`<td
    class=${name ?? nothing}
    style=${style ?? nothing}
    title=${title ?? nothing}
    colspan=${columns ?? nothing}
  >
    ${content}
  </td>`;
}
