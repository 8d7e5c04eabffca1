/** As many characters of code as fit a line of a list on a phone of 390 pixels. */
const kShort = 32;

/**
 * Rehype plugin: inline code of a few characters gets the class `short`, for which the style sheet forbids line breaks. Browsers break after
 * a hyphen, and `--size` must not end a line as `--`. Longer code may break, else it would stick out of a phone's screen.
 */
export function rehypeShortCode() {
  /** @param {any} tree */
  return (tree) => mark(tree);
}

/** @param {any} node */
function mark(node) {
  for (const child of node.children ?? []) {
    if (child.tagName === 'pre') continue;
    if (child.tagName !== 'code') mark(child);
    else if (textOf(child).length <= kShort) child.properties = { ...child.properties, className: ['short'] };
  }
}

/** @param {any} node @returns {string} */
function textOf(node) {
  return node.type === 'text' ? node.value : (node.children ?? []).map(textOf).join('');
}
