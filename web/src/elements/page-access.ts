/** What the page's own text lacks for keyboards and screen readers; experiments see to themselves. */

/** Tables and equations of the text that may be wider than the window. */
const kWide = '.sl-markdown-content > :is(table, .katex-display)';

export function improveAccess(page: Document): void {
  const wide = [...page.querySelectorAll<HTMLElement>(kWide)];
  const watcher = new ResizeObserver((entries) => entries.forEach(({ target }) => scrollByKeyboard(target)));
  for (const element of wide) watcher.observe(element);
}

/** What scrolls sideways can be reached with the tab key, and only that. */
function scrollByKeyboard(element: Element): void {
  if (element.scrollWidth > element.clientWidth) element.setAttribute('tabindex', '0');
  else element.removeAttribute('tabindex');
}
