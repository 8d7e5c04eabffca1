import { css } from 'lit';

export const rooflineStyles = css`
  svg.chart {
    overflow: visible;
  }
  .title {
    fill: var(--sl-color-gray-3);
  }
  .roof {
    fill: none;
    stroke-width: 2;
  }
  .roof.all {
    stroke: var(--sl-color-gray-1);
  }
  .roof.one {
    stroke: var(--sl-color-gray-3);
    stroke-dasharray: 5 4;
  }
  .label {
    fill: var(--sl-color-gray-2);
    paint-order: stroke;
    stroke: var(--lab-surface);
    stroke-width: 5px;
  }
  .dot {
    cursor: pointer;
    outline: none;
  }
  .dot circle {
    stroke: var(--lab-surface);
    stroke-width: 2;
  }
  .dot line {
    stroke-width: 2;
  }
  .dot:is(:hover, .selected) circle {
    stroke: var(--sl-color-white);
  }
  /* The group's own outline would be a box around circle, interval and label. */
  .dot:focus-visible {
    outline: none;
  }
  .dot:focus-visible circle {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: 2px;
    border-radius: 50%;
    stroke: var(--sl-color-white);
  }
  .dot .label {
    font-family: var(--__sl-font-mono);
    font-size: 11px;
  }
  .detail {
    min-height: 3em;
    margin-top: 0.4rem;
  }
  .empty {
    padding: 1.5rem 0;
  }
`;
