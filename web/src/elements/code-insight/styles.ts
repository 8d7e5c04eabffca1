import { css } from 'lit';

export const insightStyles = css`
  :host {
    margin-block: 0;
    min-width: 0;
  }
  .tabs {
    display: flex;
    flex-wrap: wrap;
    gap: 0.2rem;
    padding: 0.5rem 1.1rem 0;
    border-bottom: 1px solid var(--lab-line);
  }
  .tabs button {
    border: 0;
    border-bottom: 3px solid transparent;
    border-radius: 0;
    background: none;
    color: var(--sl-color-gray-2);
  }
  .tabs button[aria-selected='true'] {
    border-bottom-color: var(--sl-color-accent);
    color: var(--sl-color-white);
    font-weight: 600;
  }
  .panel {
    padding: 0.9rem 1.1rem;
  }
  .panel > p {
    margin: 0 0 0.6rem;
  }
  .loops {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .loops > li {
    margin: 0;
    padding: 0.6rem 0 0.6rem 0.8rem;
    border-left: 3px solid var(--lab-warm);
  }
  .loops > li.yes {
    border-left-color: var(--lab-good);
  }
  .loops > li + li {
    margin-top: 0.5rem;
  }
  .loops p {
    margin: 0.15rem 0 0;
  }
  .loops .words {
    color: var(--sl-color-gray-3);
    font-size: 0.8125rem;
  }
  button.place {
    min-height: 1.75rem;
    padding: 0.1rem 0.5rem;
    font-family: var(--__sl-font-mono);
    font-size: 0.8125rem;
    font-variant-ligatures: none;
    max-width: 100%;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    text-align: start;
  }
  .asm {
    margin: 0.8rem 0 0;
    max-height: min(32rem, 70vh);
    overflow: auto;
    border: 1px solid var(--lab-line);
    border-radius: 0.4rem;
    background: var(--lab-surface);
    font-family: var(--__sl-font-mono);
    font-size: 0.8125rem;
    line-height: 1.5;
  }
  .asm ol {
    width: max-content;
    min-width: 100%;
    margin: 0;
    padding: 0.5rem 0;
    list-style: none;
  }
  .asm li {
    margin: 0;
    padding-inline: calc(0.8rem + var(--depth) * 1.2ch) 0.8rem;
    white-space: nowrap;
    border-left: 3px solid transparent;
  }
  .asm li.inner {
    border-left-color: var(--lab-warm);
    background: color-mix(in srgb, var(--lab-warm) 8%, transparent);
  }
  .asm li.title {
    color: var(--sl-color-white);
    font-family: var(--__sl-font);
    font-weight: 600;
  }
  .asm .simd {
    color: var(--lab-good);
    font-weight: 650;
  }
  .asm .mark {
    color: var(--code-keyword);
  }
  .asm .operands {
    color: var(--code-constant);
  }
  .asm .comment {
    color: var(--code-comment);
  }
  .key {
    color: var(--sl-color-gray-3);
  }
  .key .simd {
    color: var(--lab-good);
    font-weight: 650;
  }
`;
