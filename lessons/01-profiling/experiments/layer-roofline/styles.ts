import { css } from 'lit';

export const layerRooflineStyles = css`
  td.bound {
    min-width: 10.5rem;
    white-space: normal;
    line-height: 1.25;
  }
  .path {
    fill: none;
    stroke-width: 1.5;
    stroke-opacity: 0.7;
  }
  .label.layer {
    font-family: var(--__sl-font-mono);
    font-size: 11px;
    pointer-events: none;
  }
  .dot-mark {
    display: inline-block;
    width: 0.65rem;
    height: 0.65rem;
    margin-inline-end: 0.4rem;
    border-radius: 50%;
  }
  .plot {
    margin-top: 0.6rem;
  }
  details + .scroll {
    margin-top: 1rem;
  }
`;
