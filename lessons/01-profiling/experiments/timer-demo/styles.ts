import { css } from 'lit';

export const timerStyles = css`
  figure {
    margin: 0.9rem 0 0;
  }
  .name {
    fill: var(--sl-color-gray-2);
  }
  .bar {
    fill: var(--lab-5);
  }
  .marker {
    stroke-width: 2;
  }
  .marker.mean {
    stroke: var(--lab-bad);
    stroke-dasharray: 4 3;
  }
  .marker.median {
    stroke: var(--lab-good);
  }
  .estimate {
    fill: var(--lab-5);
    fill-opacity: 0.6;
    stroke: var(--lab-surface);
  }
  .off {
    fill: var(--lab-bad);
  }
  details {
    margin-top: 0.9rem;
  }
`;
