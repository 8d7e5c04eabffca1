import { css } from 'lit';

export const policyExplorerStyles = css`
  .second {
    margin-top: 0.7rem;
  }
  .tiles {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr));
    gap: 0.7rem;
  }
  .tile {
    padding: 0.6rem 0.8rem;
    border: 1px solid var(--lab-line);
    border-radius: 0.5rem;
  }
  .tile h4 {
    margin: 0;
    font-size: 0.8125rem;
    font-weight: 550;
    color: var(--sl-color-gray-3);
  }
  .tile .figure {
    font-size: 1.35rem;
    font-weight: 650;
    letter-spacing: -0.01em;
    font-variant-numeric: tabular-nums;
    color: var(--sl-color-white);
  }
  .tile .figure small {
    font-size: 0.875rem;
    font-weight: 450;
    color: var(--sl-color-gray-2);
  }
  .tile p {
    font-size: 0.8125rem;
    color: var(--sl-color-gray-2);
  }
  svg.chart {
    overflow: visible;
    margin-top: 0.5rem;
  }
  .bar {
    stroke-width: 1.5;
    stroke: var(--sl-color-gray-3);
  }
  .point {
    stroke: var(--lab-surface);
    stroke-width: 1.5;
    fill: var(--lab-1);
  }
  .point.front {
    fill: var(--lab-5);
  }
  .ring {
    fill: none;
    stroke: var(--lab-5);
    stroke-width: 1.5;
  }
  .label {
    fill: var(--sl-color-white);
    font-weight: 600;
    paint-order: stroke;
    stroke: var(--lab-surface);
    stroke-width: 4px;
  }
  .actions + p {
    margin-top: 0.6rem;
  }
  td.name,
  th.name {
    text-align: start;
  }
  td button.link {
    min-height: 1.5rem;
    padding: 0;
    font-size: 0.8125rem;
  }
`;
