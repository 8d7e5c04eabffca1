import { css } from 'lit';

/** Shared by all experiments. Colours come from the page's theme and so follow its light and dark. */
export const labStyles = css`
  :host {
    display: block;
    margin-block: 1.75rem;
    font-size: 0.9375rem;
    line-height: 1.5;
    color: var(--sl-color-gray-1);
  }
  *,
  *::before {
    box-sizing: border-box;
  }
  .card {
    border: 1px solid var(--lab-line);
    border-radius: 0.6rem;
    background: var(--lab-surface);
    overflow: hidden;
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: 0.15rem 1rem;
    padding: 0.8rem 1.1rem 0.7rem;
    border-bottom: 1px solid var(--lab-line);
  }
  .head h3 {
    margin: 0;
    font-size: 1.02rem;
    font-weight: 650;
    letter-spacing: -0.01em;
    color: var(--sl-color-white);
  }
  .head .note {
    font-size: 0.8125rem;
    color: var(--sl-color-gray-3);
  }
  .section {
    padding: 0.9rem 1.1rem;
  }
  .section + .section {
    border-top: 1px solid var(--lab-line);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.6rem 1.1rem;
  }
  .actions {
    margin-top: 0.8rem;
  }
  .grow {
    flex: 1;
  }
  label.field {
    min-width: 0;
    max-width: 100%;
    display: flex;
    align-items: center;
    gap: 0.5rem;
    color: var(--sl-color-gray-2);
    font-size: 0.875rem;
  }
  .predict label.field {
    flex-wrap: wrap;
  }
  fieldset {
    margin: 0.75rem 0 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  legend {
    padding: 0;
    margin-bottom: 0.4rem;
    font-size: 0.875rem;
    color: var(--sl-color-gray-2);
  }
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4rem;
  }
  .chip {
    display: inline-flex;
    align-items: center;
    gap: 0.4rem;
    padding: 0.2rem 0.6rem 0.2rem 0.45rem;
    border: 1px solid var(--lab-line);
    border-radius: 99px;
    font-family: var(--__sl-font-mono);
    font-size: 0.8125rem;
    color: var(--sl-color-gray-2);
    cursor: pointer;
    user-select: none;
  }
  .chip:has(input:checked) {
    background: var(--lab-surface-2);
    border-color: var(--sl-color-gray-4);
    color: var(--sl-color-white);
  }
  .chip:has(input:focus-visible) {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: 2px;
  }
  .chip input {
    margin: 0;
    accent-color: var(--sl-color-accent);
  }
  .dot {
    flex: none;
    width: 0.65rem;
    height: 0.65rem;
    border-radius: 50%;
  }
  select,
  button {
    font: inherit;
    font-size: 0.875rem;
    border-radius: 0.4rem;
    border: 1px solid var(--lab-line);
    background: var(--lab-surface-2);
    color: var(--sl-color-white);
    min-height: 2.25rem;
  }
  input[type='range'] {
    min-height: 1.5rem;
  }
  select {
    padding: 0.25rem 0.4rem;
    min-width: 0;
    max-width: 100%;
  }
  .predict select {
    flex: none;
  }
  button {
    padding: 0.3rem 0.9rem;
    cursor: pointer;
  }
  button:hover:not(:disabled) {
    border-color: var(--sl-color-gray-4);
  }
  button.primary {
    border-color: transparent;
    background: var(--lab-action, var(--sl-color-accent-high));
    color: var(--lab-on-accent);
    font-weight: 600;
  }
  button.primary:hover:not(:disabled) {
    filter: brightness(1.08);
  }
  button.stop {
    border-color: var(--lab-bad);
    color: var(--lab-bad);
    background: transparent;
    font-weight: 600;
  }
  button.link {
    padding: 0.3rem 0.2rem;
    border: 0;
    background: none;
    color: var(--sl-color-text-accent);
    text-decoration: underline;
    text-underline-offset: 0.2em;
  }
  button:disabled,
  select:disabled {
    opacity: 0.5;
    cursor: not-allowed;
  }
  :is(button, select, summary, textarea, input, [tabindex]):focus-visible {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: 2px;
  }
  progress {
    appearance: none;
    display: block;
    width: 100%;
    height: 3px;
    border: 0;
    background: var(--lab-line);
  }
  progress::-webkit-progress-bar {
    background: var(--lab-line);
  }
  progress::-webkit-progress-value {
    background: var(--lab-warm);
  }
  progress::-moz-progress-bar {
    background: var(--lab-warm);
  }
  progress[hidden] {
    display: block;
    visibility: hidden;
  }
  .error {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.6rem 1rem;
    margin: 0;
    padding: 0.8rem 1.1rem;
    border-top: 1px solid var(--lab-line);
    border-left: 4px solid var(--lab-bad);
    background: var(--lab-surface-2);
    overflow-wrap: anywhere;
  }
  .error p {
    flex: 1 1 16rem;
    margin: 0;
  }
  .muted {
    color: var(--sl-color-gray-3);
  }
  .small {
    font-size: 0.8125rem;
  }
  .memory {
    margin-top: 0.5rem;
  }
  .good {
    color: var(--lab-good);
  }
  .bad {
    color: var(--lab-bad);
  }
  p {
    margin: 0;
  }
  p + p {
    margin-top: 0.5rem;
  }
  code,
  .mono {
    font-family: var(--__sl-font-mono);
    font-size: 0.9em;
  }
  details summary {
    padding-block: 0.2rem;
    cursor: pointer;
    color: var(--sl-color-gray-2);
    font-size: 0.875rem;
    width: fit-content;
  }
  .scroll {
    container-type: inline-size;
    overflow-x: auto;
    margin-top: 0.6rem;
  }
  table {
    border-collapse: collapse;
    width: 100%;
    font-size: 0.8125rem;
    font-variant-numeric: tabular-nums;
  }
  caption {
    text-align: start;
    padding-bottom: 0.4rem;
    color: var(--sl-color-gray-3);
  }
  /* A caption is as wide as its table, which may be wider than the window: its text keeps to what can be seen. */
  caption > span {
    position: sticky;
    left: 0;
    display: block;
    max-width: 100cqi;
  }
  th,
  td {
    padding: 0.3rem 0.9rem 0.3rem 0;
    text-align: end;
    white-space: nowrap;
    border-bottom: 1px solid var(--lab-line);
  }
  th {
    font-weight: 550;
    color: var(--sl-color-gray-3);
  }
  :is(th, td):first-child {
    text-align: start;
  }
  tbody th {
    color: var(--sl-color-gray-1);
    font-weight: 500;
    font-family: var(--__sl-font-mono);
  }
  tr:last-child > * {
    border-bottom: 0;
  }
  .sr {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: no-preference) {
    .animate {
      transition: all 120ms linear;
    }
  }
`;
