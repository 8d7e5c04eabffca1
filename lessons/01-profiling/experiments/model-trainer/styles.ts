import { css } from 'lit';

export const trainerStyles = css`
  .curves {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr));
    gap: 0.9rem 1.5rem;
    align-items: end; /* a legend may take two lines */
    margin-top: 0.9rem;
  }
  figure {
    margin: 0;
  }
  figcaption {
    display: flex;
    flex-wrap: wrap;
    gap: 0.1rem 1rem;
  }
  .key {
    display: inline-flex;
    align-items: center;
    gap: 0.4rem;
    white-space: nowrap;
  }
  .key svg {
    width: 1.4rem;
    height: 0.7rem;
  }
  .training {
    fill: none;
    stroke: var(--lab-5);
    stroke-width: 2;
    stroke-linejoin: round;
  }
  .tested {
    fill: var(--lab-7);
    stroke: var(--lab-surface);
    stroke-width: 1.5;
  }
  .live {
    font-variant-numeric: tabular-nums;
  }
  /* It only interrupts: the colour of a stop would be too much. */
  button.stop.pause {
    border-color: var(--lab-line);
    color: var(--sl-color-white);
    background: var(--lab-surface-2);
  }
  details {
    margin-top: 0.9rem;
  }
  .files {
    margin-top: 0.9rem;
  }
`;
