import { css } from 'lit';

export const costCurveStyles = css`
  .result .scroll {
    margin-top: 1.1rem;
  }
  .result p.small {
    margin-top: 0.5rem;
  }
  details {
    margin-top: 1rem;
  }
  fieldset.axes {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4rem;
    align-items: center;
  }
  fieldset.axes legend {
    float: left;
    margin: 0 0.5rem 0 0;
  }
`;
