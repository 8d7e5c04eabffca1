/** How code looks that CodeMirror shows. The colours are the page's variables, so they follow its theme by themselves. */
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.controlKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.processingInstruction, tags.meta], color: 'var(--code-keyword)' },
  { tag: [tags.typeName, tags.standard(tags.typeName), tags.namespace], color: 'var(--code-type)' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: 'var(--code-function)' },
  { tag: tags.definition(tags.function(tags.variableName)), color: 'var(--code-function)' },
  { tag: [tags.number, tags.bool, tags.null, tags.literal], color: 'var(--code-constant)' },
  { tag: [tags.string, tags.character, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  { tag: tags.invalid, color: 'var(--lab-bad)' },
]);

const look = EditorView.theme({
  '&': { color: 'var(--sl-color-gray-1)', backgroundColor: 'var(--lab-surface)', fontSize: '0.8125rem' },
  '&.cm-focused': { outline: '2px solid var(--sl-color-accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--__sl-font-mono)', lineHeight: '1.6', fontVariantLigatures: 'none' },
  '.cm-content': { caretColor: 'var(--sl-color-white)', padding: '0.6rem 0' },
  // The native selection, which phones and screen readers know.
  '.cm-content ::selection, .cm-content::selection': { backgroundColor: 'var(--code-selection)' },
  '.cm-gutters': {
    color: 'var(--sl-color-gray-3)',
    backgroundColor: 'var(--lab-surface)',
    borderRight: '1px solid var(--lab-line)',
  },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--sl-color-accent) 8%, transparent)' },
  '.cm-activeLineGutter': { color: 'var(--sl-color-white)', backgroundColor: 'transparent' },
  '&.cm-focused .cm-matchingBracket': {
    backgroundColor: 'color-mix(in srgb, var(--lab-good) 30%, transparent)',
    outline: '1px solid var(--lab-good)',
  },
  '&.cm-focused .cm-nonmatchingBracket': {
    backgroundColor: 'color-mix(in srgb, var(--lab-bad) 30%, transparent)',
    outline: '1px solid var(--lab-bad)',
  },
  '.cm-searchMatch': { backgroundColor: 'color-mix(in srgb, var(--lab-warm) 30%, transparent)' },
  '.cm-searchMatch-selected': { backgroundColor: 'color-mix(in srgb, var(--lab-warm) 65%, transparent)' },
  '.cm-selectionMatch': { backgroundColor: 'color-mix(in srgb, var(--lab-warm) 18%, transparent)' },
  '.cm-panels': { color: 'var(--sl-color-gray-1)', backgroundColor: 'var(--lab-surface-2)' },
  '.cm-panels.cm-panels-top': { borderBottom: '1px solid var(--lab-line)' },
  '.cm-textfield, .cm-button': {
    font: 'inherit',
    color: 'var(--sl-color-white)',
    background: 'var(--lab-surface)',
    border: '1px solid var(--lab-line)',
    borderRadius: '0.3rem',
  },
  '.cm-panel.cm-search': { padding: '0.3rem 2rem 0.3rem 0.6rem', fontSize: '0.8125rem' },
  '.cm-panel.cm-search [name=close]': {
    color: 'inherit',
    padding: '0.2rem 0.6rem',
    fontSize: '1.1rem',
    cursor: 'pointer',
  },
  '.cm-tooltip': {
    maxWidth: 'min(36rem, 90vw)',
    color: 'var(--sl-color-gray-1)',
    backgroundColor: 'var(--lab-surface-2)',
    border: '1px solid var(--sl-color-gray-4)',
    borderRadius: '0.4rem',
    fontSize: '0.8125rem',
  },
});

export const codeTheme: Extension = [look, syntaxHighlighting(highlighting)];

/** What CodeMirror itself colours by light or dark, kept to the page's theme. */
export const schemeOf = (): Extension => EditorView.darkTheme.of(document.documentElement.dataset['theme'] !== 'light');

/** Calls back whenever the page's theme changes, until it is disconnected. */
export function watchScheme(changed: () => void): MutationObserver {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return observer;
}
