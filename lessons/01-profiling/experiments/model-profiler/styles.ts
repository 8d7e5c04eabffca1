import { css } from 'lit';

export const profilerStyles = css`
  .span {
    cursor: pointer;
    outline: none;
  }
  .span rect {
    stroke: var(--lab-surface);
    fill-opacity: 0.85;
  }
  .span text {
    fill: #11151c;
    font-family: var(--__sl-font-mono);
  }
  .span:is(:hover, .selected) rect {
    fill-opacity: 1;
    stroke: var(--sl-color-white);
  }
  .span:focus-visible rect {
    stroke: var(--sl-color-accent);
    stroke-width: 3;
  }
  .detail {
    min-height: 3em;
    margin-top: 0.3rem;
  }
  .memory-area {
    fill: color-mix(in oklab, var(--lab-6) 30%, transparent);
    stroke: var(--lab-6);
    stroke-width: 1.5;
  }
  .mark {
    stroke: var(--lab-bad);
    stroke-dasharray: 5 4;
  }
  .note {
    margin-top: 0.6rem;
  }
  details {
    margin-top: 0.6rem;
  }
  .layers small {
    display: block;
    line-height: 1.25;
  }
  .layers :is(th, td) {
    padding-inline-end: 0.55rem;
  }
  .layers tbody th {
    min-width: 7.5rem;
    white-space: normal;
    line-height: 1.25;
  }
  .layers thead th {
    padding-block: 0;
  }
  button.sort {
    min-height: 2rem;
    padding: 0;
    border: 0;
    background: none;
    color: inherit;
    font-size: inherit;
    font-weight: inherit;
    text-decoration: underline dotted;
    text-underline-offset: 0.25em;
  }
  button.sort:hover {
    color: var(--sl-color-white);
  }
  th[aria-sort='ascending'],
  th[aria-sort='descending'] {
    color: var(--sl-color-white);
  }
  small {
    font-size: 0.85em;
    font-weight: 400;
  }
  .verdict ~ .scroll {
    margin-top: 0.9rem;
  }
`;
