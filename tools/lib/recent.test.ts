import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from './recent.ts';

test('the value unused for longest is forgotten, and nothing before there are too many', () => {
  const recent = new Recent<number>(3);
  for (const [i, key] of ['a', 'b', 'c'].entries()) recent.set(key, i);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => recent.get(key)),
    [0, 1, 2],
  );
  assert.equal(recent.get('a'), 0); // asked for: now b is the oldest
  recent.set('d', 3);
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => recent.get(key)),
    [0, undefined, 2, 3],
  );
});

test('a value that is kept again takes no second place', () => {
  const recent = new Recent<string>(2);
  recent.set('a', 'old');
  recent.set('b', 'other');
  recent.set('a', 'new'); // the newest again
  recent.set('c', 'third');
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => recent.get(key)),
    ['new', undefined, 'third'],
  );
});
