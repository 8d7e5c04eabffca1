import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addScriptHashes } from './csp-hashes.mjs';

const page = (scripts) =>
  `<meta http-equiv="content-security-policy" content="default-src 'none'; script-src 'self'; style-src 'self'">${scripts}`;
const kHash = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"; // of "alert(1)"

it('adds the hash of each inline script once', () => {
  const html = addScriptHashes(page('<script>alert(1)</script><script type="module">alert(1)</script>'), 'a.html');
  assert.ok(html.includes(`script-src 'self' ${kHash}; style-src`), html);
});

it('leaves data and external scripts out', () => {
  const plain = page('<script src="/x.js"></script><script type="application/json">{}</script>');
  assert.equal(addScriptHashes(plain, 'a.html'), plain);
});

it('refuses a page without a policy', () => {
  assert.throws(() => addScriptHashes('<p>', 'a.html'), /a\.html has no Content-Security-Policy/);
});
