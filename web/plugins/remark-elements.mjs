/**
 * Remark plugin: an element that stands alone in a paragraph becomes a block. Markdown takes `<kernel-race></kernel-race>` on a line of its
 * own for text, since two tags are not an HTML block, and would wrap it in `<p>`, where a block element does not belong.
 */
export function remarkElements() {
  /** @param {import('mdast').Root} tree */
  return (tree) => unwrap(tree);
}

/** @param {any} node */
function unwrap(node) {
  if (node.children === undefined) return;
  node.children = node.children.map((/** @type {any} */ child) => {
    if (child.type !== 'paragraph' || !isElement(child.children)) {
      unwrap(child);
      return child;
    }
    return {
      type: 'html',
      value: child.children.map((/** @type {any} */ part) => part.value).join(''),
      position: child.position,
    };
  });
}

/** Tags of custom elements (they have a hyphen) and blank text only. @param {any[]} children */
function isElement(children) {
  const blank = (/** @type {any} */ part) => part.type === 'text' && part.value.trim() === '';
  const tag = (/** @type {any} */ part) => part.type === 'html' && /^<\/?[a-z]+-[a-z-]+[^>]*>$/.test(part.value);
  return children.every((part) => blank(part) || tag(part)) && children.some(tag);
}
