import { css } from 'lit';

/** What figures with a chart share; an element's own styles come after it. */
export const chartStyles = css`
  figure {
    min-width: 0;
    margin: 1.1rem 0 0;
  }
  figcaption {
    color: var(--sl-color-gray-3);
    margin-bottom: 0.3rem;
  }
  svg.chart {
    display: block;
    width: 100%;
    height: auto;
    font-family: var(--__sl-font);
    font-size: 12px;
  }
  .tick {
    fill: var(--sl-color-gray-3);
  }
  .grid {
    stroke: var(--lab-line);
  }
`;
