import { css } from 'lit';

export const tokenRaceStyles = css`
  input:is([type='text'], [type='number']) {
    font: inherit;
    font-size: 0.875rem;
    min-height: 2.25rem;
    min-width: 0;
    padding: 0.25rem 0.5rem;
    border-radius: 0.4rem;
    border: 1px solid var(--lab-line);
    background: var(--lab-surface-2);
    color: var(--sl-color-white);
  }
  input[type='number'] {
    width: 5.5rem;
  }
  input:focus-visible {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: 2px;
  }
  label.prompt {
    flex: 1 1 14rem;
  }
  label.prompt input {
    flex: 1;
  }
  details {
    margin-top: 0.6rem;
  }
  details .row,
  .note {
    margin-top: 0.7rem;
  }
  .drop {
    margin-top: 0.7rem;
    padding: 0.7rem 0.9rem;
    border: 1px dashed var(--sl-color-gray-4);
    border-radius: 0.5rem;
  }
  .drop.over {
    border-color: var(--sl-color-accent);
    background: var(--lab-surface-2);
  }
  .drop input[type='file'] {
    max-width: 100%;
    min-height: 1.75rem;
    font-size: 0.8125rem;
  }
  .drop .row {
    margin-top: 0.5rem;
  }
  .lanes {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr));
    gap: 0.9rem 1.2rem;
    margin-top: 0.8rem;
  }
  .lane {
    min-width: 0;
    border-top: 3px solid var(--lane);
    padding-top: 0.5rem;
  }
  .lane h4 {
    margin: 0;
    font-size: 0.875rem;
    color: var(--sl-color-white);
  }
  .lane dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 0 0.7rem;
    margin: 0.4rem 0 0.5rem;
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
  .lane dt {
    color: var(--sl-color-gray-3);
  }
  .lane dd {
    margin: 0;
    text-align: end;
  }
  .lane .text {
    height: 11.5em;
    overflow-y: auto;
    padding: 0.5rem 0.7rem;
    border-radius: 0.4rem;
    background: var(--lab-surface-2);
    font-size: 0.8125rem;
  }
  .lane .text p {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .lane .text b {
    font-weight: 600;
    color: var(--sl-color-white);
  }
  .charts {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr));
    gap: 0 1.5rem;
  }
  /* The line of a lane beside its name: the colours alone are too faint for text. */
  .sample {
    display: inline-block;
    width: 1.7rem;
    vertical-align: 0.25em;
    border-top: 3px solid var(--lane);
  }
  .sample.dashed {
    border-top-style: dashed;
  }
  .sample.dotted {
    border-top-style: dotted;
  }
  .label {
    fill: var(--lane);
    font-weight: 600;
  }
`;
