import { css } from 'lit';

export const raceStyles = css`
  .lanes {
    display: grid;
    grid-template-columns: minmax(6.5rem, max-content) minmax(0, 1fr) max-content;
    gap: 0.45rem 0.8rem;
    align-items: center;
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .lanes li {
    display: contents;
  }
  .name {
    font-family: var(--__sl-font-mono);
    font-size: 0.8125rem;
    color: var(--sl-color-gray-1);
  }
  .value {
    min-width: 4.6rem;
    text-align: end;
    font-size: 0.875rem;
    font-variant-numeric: tabular-nums;
    font-weight: 600;
    color: var(--sl-color-white);
  }
  .value small {
    font-weight: 400;
    color: var(--sl-color-gray-3);
  }
  .value .mark {
    display: inline-block;
    width: 1em;
    color: var(--lab-good);
  }
  .bar {
    display: block;
    width: 100%;
    height: 1.5rem;
  }
  .bar .track {
    fill: var(--lab-surface-2);
  }
  .bar .whisker {
    stroke: var(--sl-color-white);
    stroke-width: 1.5;
    vector-effect: non-scaling-stroke;
  }
  .bar .peak {
    stroke: var(--sl-color-gray-3);
    stroke-width: 1.5;
    stroke-dasharray: 3 3;
    vector-effect: non-scaling-stroke;
  }
  .preview .lanes {
    grid-template-columns: minmax(6.5rem, max-content) minmax(0, 1fr);
    gap: 0.7rem 0.9rem;
    align-items: baseline;
  }
  .idea {
    line-height: 1.4;
  }
  .axis {
    margin-top: 0.7rem;
    font-size: 0.8125rem;
    color: var(--sl-color-gray-3);
  }
  .verdict {
    margin-top: 0.9rem;
  }
  .wait {
    margin-top: 0.6rem;
  }
  .predict {
    background: var(--lab-surface-2);
  }
  .predict strong {
    color: var(--sl-color-white);
  }
  @media (max-width: 30rem) {
    .lanes {
      grid-template-columns: minmax(0, 1fr) max-content;
      gap: 0.1rem 0.6rem;
    }
    .bar {
      grid-row: 2;
      grid-column: 1 / -1;
    }
    .lanes li {
      display: grid;
      grid-template-columns: subgrid;
      grid-column: 1 / -1;
      margin-bottom: 0.35rem;
    }
    .preview .idea {
      grid-column: 1 / -1;
    }
    .name {
      grid-row: 1;
      grid-column: 1;
    }
    .value {
      grid-row: 1;
      grid-column: 2;
    }
  }
`;
