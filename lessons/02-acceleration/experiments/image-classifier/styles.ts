import { css } from 'lit';

export const classifierStyles = css`
  .grid {
    display: grid;
    grid-template-columns: repeat(9, minmax(0, 1fr));
    gap: 0.5rem;
    margin-top: 0.8rem;
  }
  .image {
    display: flex;
    flex-direction: column;
    align-items: stretch;
    gap: 0.2rem;
    min-width: 0;
    min-height: 0;
    padding: 0.25rem;
    border: 2px solid transparent;
    background: none;
    font-size: 0.6875rem;
    line-height: 1.25;
    color: var(--sl-color-gray-2);
    text-align: center;
  }
  .image.wrong {
    border-color: var(--lab-bad);
    color: var(--lab-bad);
    font-weight: 600;
  }
  .image[aria-pressed='true'] {
    background: var(--lab-surface-2);
    border-color: var(--sl-color-accent);
  }
  .image span {
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1;
    border-radius: 0.25rem;
    image-rendering: pixelated;
    background: #000;
  }
  .detail {
    display: grid;
    grid-template-columns: minmax(7rem, 11rem) minmax(0, 1fr);
    gap: 1.1rem;
    align-items: start;
  }
  .scores {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr) 3.5rem;
    gap: 0.15rem 0.7rem;
    margin: 0.6rem 0 0;
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
  .scores svg,
  td svg {
    display: block;
    width: 100%;
    height: 1.1em;
  }
  .scores .number {
    text-align: end;
  }
  td.bar {
    width: 30%;
    min-width: 3rem;
  }
  .whole {
    white-space: nowrap;
  }
  .top {
    font-weight: 650;
    color: var(--sl-color-white);
  }
  .pages {
    display: flex;
    align-items: center;
    gap: 0.6rem;
  }
  .position {
    min-width: 9.5em;
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
    text-align: center;
  }
  .verdict {
    margin-bottom: 0.6rem;
  }
  @media (max-width: 30rem) {
    .grid {
      grid-template-columns: repeat(5, minmax(0, 1fr));
      gap: 0.2rem;
    }
    .image {
      font-size: 0.6875rem;
      padding: 0.1rem;
    }
    .detail {
      grid-template-columns: 1fr;
    }
    .detail canvas {
      max-width: 9rem;
    }
  }
`;
