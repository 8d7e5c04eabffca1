import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMarkdownProcessor } from '@astrojs/markdown-remark';
import { remarkChecks } from './remark-checks.mjs';

/** @param {string} markdown @returns {Promise<string>} */
async function render(markdown) {
  const processor = await createMarkdownProcessor({ remarkPlugins: [remarkChecks], syntaxHighlight: false });
  const { code } = await processor.render(markdown, { fileURL: new URL('file:///lessons/01-profiling/index.md') });
  return code;
}

const single = `Before.

<lesson-check id="median">

What is the *median* of 3, 9, 4?

- [ ] 5.3
  > Their mean.
- [x] 4
  > In order: 3, **4**, 9.

</lesson-check>

After.
`;

const number = `<lesson-check id="flops" answer="82240" tolerance="2%" unit="FLOP">

How many?

- right: yes
- wrong: no
- 2570: one row
- -3: less than none

</lesson-check>
`;

describe('remarkChecks', () => {
  it('turns Markdown into a fieldset that is readable without JavaScript', async () => {
    const html = await render(single);
    assert.match(
      html,
      /<lesson-check id="median" class="not-content" data-kind="single" data-key="01-profiling\/median">/,
    );
    assert.match(html, /<legend>.*What is the <em>median<\/em> of 3, 9, 4\?<\/legend>/s);
    assert.equal(html.match(/<input type="radio" name="median-answer"/g)?.length, 2);
    assert.match(html, /value="1" data-right/);
    assert.doesNotMatch(html, /value="0" data-right/);
    assert.match(html, /<div class="feedback" data-for="1" hidden>.*In order: 3, <strong>4<\/strong>, 9\./s);
    assert.match(html, /role="status" aria-live="polite"/);
    assert.match(html, /<p>Before\.<\/p>.*<p>After\.<\/p>/s);
    assert.doesNotMatch(html, /disabled|\[x\]/);
  });

  it('takes several right answers if told so', async () => {
    const several = single.replace('id="median"', 'id="median" several').replace('[ ] 5.3', '[x] 5.3');
    const html = await render(several);
    assert.equal(html.match(/<input type="checkbox"[^>]*data-right/g)?.length, 2);
    assert.match(html, /data-kind="several"/);
    await assert.rejects(
      render(several.replace(' several', '')),
      /2 answers are marked \[x\]: add the attribute several/,
    );
  });

  it('asks for a number', async () => {
    const html = await render(number);
    assert.match(html, /data-kind="number"[^>]*data-answer="82240" data-tolerance="2%"/);
    assert.match(html, /<input type="text" inputmode="decimal" autocomplete="off" name="flops-answer">/);
    assert.match(html, /<span class="unit">FLOP<\/span>/);
    assert.match(html, /data-for="2570" hidden>\s*<p>one row<\/p>/);
    assert.match(html, /data-for="-3" hidden>\s*<p>less than none<\/p>/);
  });

  it('stops the build where a question is broken, naming the line', async () => {
    /** @type {[string, RegExp][]} */
    const cases = [
      [single.replace('\n</lesson-check>\n', ''), /index\.md:3: lesson-check: the closing tag is missing/],
      [single.replace('[x]', '[ ]'), /no answer is marked/],
      [single.replace('  > Their mean.\n', ''), /answer 1 needs its feedback/],
      [single.replace('- [ ] 5.3', '- 5.3'), /every answer begins with \[ \] or \[x\]/],
      [single.replace('id="median"', ''), /an id of small letters/],
      [single.replace('id="median"', 'id="median" size="3"'), /there is no attribute "size"/],
      [single + single, /there is another check called "median"/],
      [single.replace('What is the *median* of 3, 9, 4?\n', ''), /a question, a paragraph, must come first/],
      [number.replace('82240', 'many'), /answer="many" is no number/],
      [number.replace('2%', 'a bit'), /tolerance="a bit"/],
      [number.replace('- wrong: no\n', ''), /the item "wrong:" is missing/],
      [number.replace('2570:', 'two thousand:'), /every item begins with/],
    ];
    for (const [markdown, message] of cases) await assert.rejects(render(markdown), message);
  });
});
