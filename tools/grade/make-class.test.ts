// The made class: the same every time, with everything in it that its list of kinds promises.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exerciseNames } from '../lib/exercises.ts';
import { kKinds, makeClass } from './make-class.ts';

test('a class is made from its seed', () => {
  const root = mkdtempSync(join(tmpdir(), 'optlab-class-'));
  try {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => join(root, name)) as [string, string, string];
    const names = exerciseNames().slice(0, 2);
    const made = makeClass(a, 200, names, 'one');
    assert.deepEqual(makeClass(b, 200, names, 'one'), made);
    assert.notDeepEqual(makeClass(c, 200, names, 'two'), made);
    assert.equal(made.size, 200 * names.length);
    assert.deepEqual(new Set(made.values()), new Set(kKinds));
    for (const [path, kind] of made) {
      assert.equal(existsSync(join(a, path)), kind !== 'missing');
      if (kind === 'missing') continue;
      assert.ok(readFileSync(join(a, path)).equals(readFileSync(join(b, path))));
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});
