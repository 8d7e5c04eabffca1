import { css } from 'lit';

export const editorStyles = css`
  :host {
    display: block;
    min-width: 0;
    font-size: 0.9375rem;
    line-height: 1.5;
    color: var(--sl-color-gray-1);
  }
  *,
  *::before {
    box-sizing: border-box;
  }
  .mirror .cm-editor {
    max-height: min(36rem, 75vh);
    min-height: 9rem;
  }
  .mirror .cm-editor.cm-focused {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: -2px;
  }
  .mirror .cm-scroller {
    overflow: auto;
  }
  textarea {
    display: block;
    width: 100%;
    min-height: 14rem;
    max-height: 75vh;
    margin: 0;
    padding: 0.6rem 0.8rem;
    border: 0;
    border-radius: 0;
    resize: vertical;
    overflow: auto;
    background: var(--lab-surface);
    color: var(--sl-color-gray-1);
    font-family: var(--__sl-font-mono);
    font-size: 0.8125rem;
    font-variant-ligatures: none;
    line-height: 1.6;
    tab-size: 2;
    white-space: pre;
  }
  /* Safari on phones zooms into smaller text. */
  @media (pointer: coarse) {
    textarea {
      font-size: 16px;
    }
  }
  textarea:focus-visible {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: -2px;
  }
  .keys {
    margin: 0;
    padding: 0.3rem 0.9rem;
    border-top: 1px solid var(--lab-line);
    font-size: 0.75rem;
    color: var(--sl-color-gray-3);
  }
  /* Without keys there is nothing to leave; who has some beside a touch screen hears it. */
  @media (pointer: coarse) {
    .keys {
      position: absolute;
      width: 1px;
      height: 1px;
      padding: 0;
      overflow: hidden;
      clip-path: inset(50%);
      white-space: nowrap;
    }
  }
  .messages {
    margin: 0;
    padding: 0.4rem 0;
    border-top: 1px solid var(--lab-line);
    list-style: none;
    max-height: 16rem;
    overflow-y: auto;
  }
  .messages li {
    margin: 0;
  }
  .messages :is(button, p) {
    display: flex;
    gap: 0.1rem 0.7rem;
    flex-wrap: wrap;
    align-items: baseline;
    width: 100%;
    margin: 0;
    padding: 0.3rem 0.9rem;
    border: 0;
    border-left: 3px solid var(--severity);
    background: none;
    color: inherit;
    font: inherit;
    font-size: 0.875rem;
    text-align: start;
  }
  .messages button {
    cursor: pointer;
  }
  .messages button:hover {
    background: var(--lab-surface-2);
  }
  .messages button:focus-visible {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: -2px;
  }
  .messages .error {
    --severity: var(--lab-bad);
  }
  .messages .warning {
    --severity: var(--lab-warm);
  }
  .messages :is(.note, .remark) {
    --severity: var(--sl-color-gray-4);
    padding-left: 1.2rem;
  }
  .messages strong {
    color: var(--severity);
    font-weight: 650;
  }
  .messages :is(.note, .remark) strong {
    color: var(--sl-color-gray-3);
  }
  .messages .place {
    color: var(--sl-color-gray-3);
    font-family: var(--__sl-font-mono);
    font-size: 0.8125rem;
  }
  .messages .text {
    min-width: 0;
    overflow-wrap: anywhere;
    flex: 1 1 14rem;
  }
  .status {
    margin: 0;
    padding: 0.4rem 0.9rem;
    border-top: 1px solid var(--lab-line);
    color: var(--sl-color-gray-2);
    font-size: 0.875rem;
  }
  .status.failed {
    color: var(--lab-bad);
  }
  .sr {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
