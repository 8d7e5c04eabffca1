import assert from 'node:assert/strict';
import { it } from 'node:test';
import { remarkElements } from './remark-elements.mjs';

const html = (value) => ({ type: 'html', value });
const transform = (children) => {
  const tree = { type: 'root', children: [{ type: 'paragraph', children }] };
  remarkElements()(tree);
  return tree.children[0];
};

it('unwraps a custom element that stands alone', () => {
  const node = transform([
    html('<kernel-race shape="64x64x64">'),
    { type: 'text', value: '\n' },
    html('</kernel-race>'),
  ]);
  assert.equal(node.type, 'html');
  assert.equal(node.value, '<kernel-race shape="64x64x64">\n</kernel-race>');
});

it('leaves text and ordinary tags in their paragraph', () => {
  assert.equal(
    transform([{ type: 'text', value: 'see ' }, html('<kernel-race>'), html('</kernel-race>')]).type,
    'paragraph',
  );
  assert.equal(transform([html('<em>'), html('</em>')]).type, 'paragraph');
  assert.equal(transform([{ type: 'text', value: ' ' }]).type, 'paragraph');
});
