import { css } from 'lit';

export const exerciseStyles = css`
  .goal ul {
    margin: 0;
    padding-left: 1.1rem;
  }
  /* Sentences, mostly. */
  .goal pre {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .goal details {
    margin-top: 0.6rem;
  }
  pre {
    margin: 0.5rem 0 0;
    padding: 0.7rem 0.9rem;
    border: 1px solid var(--lab-line);
    border-radius: 0.4rem;
    background: var(--lab-surface-2);
    overflow-x: auto;
    font: 0.8125rem/1.55 var(--__sl-font-mono);
    tab-size: 2;
    font-variant-ligatures: none;
  }
  .editor {
    border-top: 1px solid var(--lab-line);
    min-height: 12rem;
  }
  .editor:focus-within {
    box-shadow: inset 3px 0 0 var(--sl-color-accent);
  }
  code-editor {
    display: block;
  }
  kbd {
    padding: 0.05rem 0.35rem;
    border: 1px solid var(--lab-line);
    border-radius: 0.25rem;
    font: 0.75rem var(--__sl-font-mono);
  }
  .download progress {
    height: 6px;
    border-radius: 3px;
    overflow: hidden;
    margin-top: 0.6rem;
  }
  .tools {
    display: inline-flex;
    flex-wrap: wrap;
    gap: 0 0.9rem;
    margin-inline-start: auto;
  }
  .tools [aria-pressed='true'] {
    font-weight: 650;
  }
  .insight {
    border-top: 1px solid var(--lab-line);
  }
  .insight + .section {
    border-top: 1px solid var(--lab-line);
  }
  .insight > summary {
    padding: 0.7rem 1.1rem;
  }
  .tasks {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .task + .task {
    margin-top: 0.8rem;
    padding-top: 0.8rem;
    border-top: 1px solid var(--lab-line);
  }
  .task .line {
    display: flex;
    gap: 0.7rem;
    align-items: baseline;
  }
  .sign {
    flex: none;
    width: 1.1em;
    text-align: center;
    font-weight: 700;
    color: var(--sl-color-gray-3);
  }
  .pass .sign {
    color: var(--lab-good);
  }
  .part .sign {
    color: var(--lab-warm);
  }
  .fail .sign {
    color: var(--lab-bad);
  }
  .title {
    flex: 1;
    font-weight: 550;
    color: var(--sl-color-white);
  }
  .points {
    flex: none;
    font-size: 0.875rem;
    font-variant-numeric: tabular-nums;
    color: var(--sl-color-gray-3);
  }
  .points strong {
    color: var(--sl-color-white);
  }
  .cases {
    margin: 0.45rem 0 0 1.8rem;
  }
  ul.chips {
    list-style: none;
    margin: 0;
    padding: 0;
    gap: 0.15rem 0.9rem;
    font-size: 0.8125rem;
    color: var(--sl-color-gray-3);
  }
  .case {
    display: inline-flex;
    gap: 0.35rem;
  }
  .case[data-status='pass'] > :first-child {
    color: var(--lab-good);
  }
  .case[data-status='fail'] {
    color: var(--lab-bad);
  }
  .message {
    margin-top: 0.35rem;
    font-size: 0.875rem;
    overflow-wrap: anywhere;
  }
  .message strong {
    font-weight: 600;
  }
  .finding + .finding {
    margin-top: 0.7rem;
  }
  .picture {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4rem 1.2rem;
    align-items: start;
    margin-top: 0.45rem;
  }
  .grid {
    display: grid;
    grid-template-columns: repeat(var(--columns), 0.6rem);
    gap: 2px;
  }
  .grid i {
    aspect-ratio: 1;
    border-radius: 1px;
    background: color-mix(in oklab, var(--sl-color-gray-4) 28%, var(--lab-surface));
  }
  /* Much darker too, for who sees no colours. */
  .grid i.wrong {
    background: var(--lab-bad);
  }
  .more {
    margin-top: 0.5rem;
  }
  .scale {
    margin: 0.7rem 0.4rem 0.3rem 0;
    max-width: 34rem;
  }
  .track {
    position: relative;
    height: 0.7rem;
    border-radius: 2px;
    background: var(--lab-surface-2);
  }
  .track > * {
    position: absolute;
    top: 0;
    bottom: 0;
  }
  .reached {
    left: 0;
    border-radius: 2px;
    background: color-mix(in oklab, var(--lab-5) 55%, var(--lab-surface));
  }
  .interval {
    top: 0.3rem;
    bottom: 0.3rem;
    min-width: 1px;
    background: var(--sl-color-white);
  }
  .measured {
    width: 3px;
    margin-left: -1.5px;
    background: var(--sl-color-white);
  }
  .level {
    top: -0.2rem;
    bottom: -0.2rem;
    border-left: 2px dashed var(--sl-color-gray-3);
  }
  .level.reference {
    border-left-style: solid;
    border-left-width: 1px;
  }
  .marks {
    position: relative;
    height: 1.4rem;
    margin-top: 0.25rem;
    font-size: 0.75rem;
    color: var(--sl-color-gray-3);
  }
  .marks span {
    position: absolute;
    transform: translateX(-50%);
  }
  .marks .won {
    color: var(--lab-good);
    font-weight: 650;
  }
  .total {
    margin-bottom: 0.9rem;
    font-weight: 600;
    color: var(--sl-color-white);
  }
  .hint {
    margin-top: 0.7rem;
    padding: 0.5rem 0.9rem;
    border-left: 3px solid var(--lab-warm);
    border-radius: 0 0.4rem 0.4rem 0;
    background: var(--lab-surface-2);
  }
  .hint :is(p, ul, ol) {
    margin: 0;
  }
  .hint p + p {
    margin-top: 0.5rem;
  }
  .hint .kicker {
    font-size: 0.75rem;
    color: var(--lab-warm);
  }
  .asking {
    margin-top: 0.7rem;
    padding: 0.7rem 0.9rem;
    border-radius: 0.4rem;
    background: var(--lab-surface-2);
  }
  .asking .row {
    margin-top: 0.5rem;
  }
  input[type='text'] {
    min-height: 2.25rem;
    min-width: 0;
    padding: 0.25rem 0.5rem;
    border: 1px solid var(--lab-line);
    border-radius: 0.4rem;
    background: var(--lab-surface);
    color: var(--sl-color-white);
    font: inherit;
  }
  input:focus-visible {
    outline: 2px solid var(--sl-color-accent);
    outline-offset: 2px;
  }
  .versions {
    list-style: none;
    margin: 0.5rem 0 0;
    padding: 0;
    font-size: 0.875rem;
  }
  @media (max-width: 30rem) {
    .cases {
      margin-left: 0;
    }
    .grid {
      grid-template-columns: repeat(var(--columns), minmax(0, 0.6rem));
      width: 100%;
    }
    .keys {
      display: none;
    }
  }
`;
