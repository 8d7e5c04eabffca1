import { css } from 'lit';

export const attentionMapStyles = css`
  textarea {
    display: block;
    width: 100%;
    min-height: 4.2rem;
    margin-top: 0.3rem;
    padding: 0.45rem 0.6rem;
    resize: vertical;
    font: inherit;
    font-size: 0.875rem;
    line-height: 1.45;
    border: 1px solid var(--lab-line);
    border-radius: 0.4rem;
    background: var(--lab-surface-2);
    color: var(--sl-color-white);
  }
  textarea:focus-visible,
  canvas:focus-visible,
  input:focus-visible {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: 2px;
  }
  label.text {
    font-size: 0.875rem;
    color: var(--sl-color-gray-2);
  }
  .axes {
    margin-top: 0.4rem;
  }
  .second {
    margin-top: 0.7rem;
  }
  .heads {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
  }
  .heads button {
    display: grid;
    gap: 0.25rem;
    padding: 0.35rem;
    font-size: 0.75rem;
    line-height: 1.3;
    justify-items: center;
  }
  .heads button[aria-pressed='true'] {
    border-color: var(--sl-color-white);
    box-shadow: inset 0 0 0 1px var(--sl-color-white);
  }
  .heads canvas {
    width: 4.6rem;
    height: 4.6rem;
    image-rendering: pixelated;
  }
  .board {
    display: grid;
    grid-template-columns: minmax(0, 30rem) minmax(13rem, 1fr);
    gap: 1rem 1.4rem;
    align-items: start;
  }
  @media (max-width: 46rem) {
    .board {
      grid-template-columns: minmax(0, 1fr);
    }
  }
  .map {
    position: relative;
    aspect-ratio: 1;
    width: 100%;
    max-width: 30rem;
  }
  .map canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    border: 1px solid var(--lab-line);
    image-rendering: pixelated;
    touch-action: manipulation;
    cursor: crosshair;
  }
  .map svg {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    pointer-events: none;
    overflow: visible;
  }
  .map .newest {
    fill: none;
    stroke: var(--sl-color-white);
    stroke-width: 2;
    vector-effect: non-scaling-stroke;
  }
  .map .chosen {
    fill: none;
    stroke: var(--lab-bad);
    stroke-width: 2;
    vector-effect: non-scaling-stroke;
  }
  .newest-token input {
    flex: 1 1 8rem;
    min-width: 6rem;
    min-height: 2rem;
    accent-color: var(--sl-color-accent);
  }
  .newest-token label {
    flex: 1 1 100%;
  }
  .detail {
    min-height: 6em;
  }
  .key {
    display: grid;
    gap: 0.3rem;
    margin: 0.8rem 0 0;
    padding: 0;
    list-style: none;
    font-size: 0.8125rem;
  }
  .key li {
    display: flex;
    gap: 0.5rem;
    align-items: baseline;
  }
  .key svg {
    flex: none;
    width: 0.9rem;
    height: 0.9rem;
    align-self: center;
    border: 1px solid var(--lab-line);
  }
`;
