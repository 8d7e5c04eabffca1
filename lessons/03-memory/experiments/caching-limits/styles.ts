import { css } from 'lit';

export const cachingLimitsStyles = css`
  .result .scroll {
    margin-top: 1rem;
  }
  .result p.small,
  .findings {
    margin: 0.7rem 0 0;
  }
  .findings {
    padding-inline-start: 1.2rem;
  }
  details {
    margin-top: 1rem;
  }
  fieldset.parts {
    margin: 0 0 0.8rem;
  }
  .formula {
    font-family: var(--__sl-font-mono);
  }
  .formula span {
    font-family: var(--__sl-font);
  }
  .bars {
    display: grid;
    grid-template-columns: auto minmax(6rem, 1fr) auto;
    gap: 0.45rem 0.8rem;
    align-items: center;
    margin-top: 0.5rem;
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
  .bars .bar {
    display: flex;
    width: calc(100% * var(--length));
    height: 1.3rem;
  }
  .bar > span {
    flex-basis: 0;
  }
  .bar .prompt,
  .key.prompt {
    background: var(--lab-3);
  }
  .bar .new,
  .key.new {
    border: 2px solid var(--lab-7);
    background: repeating-linear-gradient(135deg, var(--lab-7) 0 2px, transparent 2px 6px);
  }
  .bar .new {
    min-width: 0;
    border-inline-start: 0;
  }
  .key {
    display: inline-block;
    width: 1.3rem;
    height: 0.75rem;
    vertical-align: -1px;
  }
`;
