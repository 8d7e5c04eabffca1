import { css } from 'lit';

export const timeMachineStyles = css`
  .transport {
    margin-top: 0.8rem;
  }
  .transport input[type='range'] {
    flex: 1 1 7rem;
    min-width: 6rem;
    min-height: 2rem;
    accent-color: var(--sl-color-accent);
  }
  .predict input {
    width: 4.5rem;
    min-height: 2.25rem;
    padding: 0.25rem 0.4rem;
    font: inherit;
    font-size: 0.875rem;
    border: 1px solid var(--lab-line);
    border-radius: 0.4rem;
    background: var(--lab-surface-2);
    color: var(--sl-color-white);
  }
  .now {
    min-height: 3em;
  }
  ol {
    margin: 0.5rem 0 0;
    padding: 0;
    list-style: none;
  }
  .text {
    display: flex;
    flex-wrap: wrap;
    gap: 0.25rem;
  }
  .text li {
    padding: 0.1rem 0.35rem;
    border: 1px solid var(--lab-line);
    border-radius: 0.3rem;
    font-family: var(--__sl-font-mono);
    font-size: 0.8125rem;
  }
  .text li.later {
    color: var(--sl-color-gray-3);
    border-style: dotted;
  }
  .text li.lost {
    text-decoration: line-through;
    color: var(--sl-color-gray-3);
  }
  .text li.newest {
    border-color: var(--lab-5);
    box-shadow: inset 0 0 0 1px var(--lab-5);
    color: var(--sl-color-white);
  }
  .slots {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(6.2rem, 1fr));
    gap: 0.4rem;
  }
  .slots li {
    display: grid;
    gap: 0.05rem;
    padding: 0.35rem 0.5rem;
    border: 1px solid var(--lab-line);
    border-radius: 0.4rem;
    font-size: 0.75rem;
    line-height: 1.35;
    min-height: 4.9rem;
    align-content: start;
    overflow-wrap: anywhere;
  }
  .slots .where,
  .slots .position {
    color: var(--sl-color-gray-3);
  }
  .slots .token {
    font-family: var(--__sl-font-mono);
    font-size: 0.875rem;
    color: var(--sl-color-white);
  }
  .slots li.empty {
    border-style: dashed;
  }
  .slots li.written {
    border-color: var(--lab-5);
    box-shadow: inset 0 0 0 1px var(--lab-5);
  }
  .slots li.over {
    border-color: var(--lab-bad);
    box-shadow: inset 0 0 0 1px var(--lab-bad);
  }
  .slots .mark {
    font-weight: 600;
  }
  .slots .written .mark {
    color: var(--sl-color-text-accent);
  }
  .slots .over .mark {
    color: var(--lab-bad);
  }
  .now + h4 {
    margin-top: 0.8rem;
  }
  .scroll + p {
    margin-top: 0.6rem;
  }
  h4 {
    margin: 0 0 0.2rem;
    font-size: 0.9375rem;
    font-weight: 600;
    color: var(--sl-color-white);
  }
  .again li::after {
    content: ' ↻';
    color: var(--lab-warm);
  }
  .again li.newest::after {
    content: ' ●';
    color: var(--sl-color-text-accent);
  }
`;
