import { css } from 'lit';

export const cacheStyles = css`
  .second {
    margin-top: 0.6rem;
  }
  input[type='text'] {
    width: 6.5rem;
    min-height: 2.25rem;
    padding: 0.25rem 0.5rem;
    border: 1px solid var(--lab-line);
    border-radius: 0.4rem;
    background: var(--lab-surface-2);
    color: var(--sl-color-white);
    font: inherit;
    font-variant-numeric: tabular-nums;
  }
  input[type='text']:focus-visible {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: 2px;
  }
  .swatch {
    display: inline-block;
    width: 0.7rem;
    height: 0.7rem;
    margin-inline-end: 0.35rem;
    border-radius: 0.15rem;
  }
  .last {
    min-height: 3em;
    margin: 0.6rem 0 -0.4rem;
    color: var(--sl-color-gray-2);
    font-variant-numeric: tabular-nums;
  }
  .board {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 1rem 1.5rem;
    align-items: start;
  }
  .board > .scroll {
    margin-top: 0;
  }
  pre {
    margin: 0;
    font-variant-ligatures: none;
    font-family: var(--__sl-font-mono);
    font-size: 0.8125rem;
  }
  .code td,
  .code th {
    padding-block: 0.12rem;
    border-bottom: 0;
  }
  .code :is(td, th) {
    padding-inline-end: 0.5rem;
  }
  .code thead th {
    padding-bottom: 0.3rem;
  }
  .code tr.active > * {
    background: var(--lab-surface-2);
    color: var(--sl-color-white);
  }
  mark {
    border-radius: 0.2rem;
    padding: 0 0.15rem;
    color: inherit;
    background: none;
    box-shadow: inset 0 -2px 0 var(--lab-good);
  }
  mark.missed {
    box-shadow: inset 0 -2px 0 var(--lab-bad);
  }
  .grid {
    display: grid;
    gap: 2px;
    max-height: 26rem;
    margin-top: 0.5rem;
    overflow: auto;
  }
  .set {
    display: flex;
    gap: 2px;
    align-items: stretch;
  }
  .set.touched .number {
    color: var(--sl-color-white);
    font-weight: 650;
  }
  .number {
    flex: none;
    width: 2rem;
    padding-inline-end: 0.4rem;
    text-align: end;
    font-size: 0.75rem;
    line-height: 1.6;
    color: var(--sl-color-gray-3);
    font-variant-numeric: tabular-nums;
  }
  .cell {
    flex: 1 1 0;
    min-width: 0;
    max-width: 9rem;
    padding: 0 0.35rem;
    border: 1px solid transparent;
    border-left: 4px solid var(--array);
    border-radius: 0.2rem;
    background: color-mix(in oklab, var(--array) 24%, var(--lab-surface));
    font-family: var(--__sl-font-mono);
    font-size: 0.72rem;
    line-height: 1.6;
    white-space: nowrap;
    overflow: hidden;
    text-overflow: clip;
    color: var(--sl-color-white);
  }
  .cell.empty {
    border: 1px dashed var(--lab-line);
    background: none;
  }
  .cell.hit {
    outline: 2px solid var(--lab-good);
    outline-offset: -1px;
  }
  .cell.missed {
    outline: 2px solid var(--lab-bad);
    outline-offset: -1px;
  }
  .small-cells {
    gap: 1px;
  }
  .small-cells .set {
    gap: 1px;
    height: 0.5rem;
  }
  .small-cells .number {
    font-size: 0.6rem;
    line-height: 0.5rem;
  }
  .small-cells .cell {
    max-width: 2.2rem;
    padding: 0;
    border: 0;
    border-radius: 1px;
    background: var(--array);
  }
  .small-cells .cell.empty {
    background: var(--lab-surface-2);
  }
  @media (min-width: 60rem) {
    .board {
      grid-template-columns: minmax(0, 1.3fr) minmax(0, 1fr);
    }
  }
`;
