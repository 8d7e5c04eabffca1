import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rehypeShortCode } from './rehype-short-code.mjs';

describe('rehypeShortCode', () => {
  const element = (tagName, ...children) => ({ type: 'element', tagName, properties: {}, children });
  const code = (value) => element('code', { type: 'text', value });

  it('marks short inline code and nothing else', () => {
    const [short, long, block] = [code('--size 512'), code('x'.repeat(33)), code('int')];
    const tree = { type: 'root', children: [element('p', short, long), element('pre', block)] };
    rehypeShortCode()(tree);
    assert.deepEqual(short.properties.className, ['short']);
    assert.equal(long.properties.className, undefined);
    assert.equal(block.properties.className, undefined);
  });
});
