import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exerciseCatalogue } from './exercises.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const load = async (/** @type {boolean} */ solutions, /** @type {string} */ id) => {
  const { load } = exerciseCatalogue({ root, solutions });
  return String(await /** @type {any} */ (load).call({ addWatchFile() {} }, `\0${id}`));
};

test('lists exercises, and solutions only where they are wanted', async () => {
  assert.match(await load(true, 'virtual:optlab-exercises'), /virtual:optlab-exercise\/02-acceleration\/reordered/);
  assert.match(await load(true, 'virtual:optlab-exercises'), /virtual:optlab-solution\/02-acceleration\/reordered/);
  assert.match(await load(false, 'virtual:optlab-exercises'), /virtual:optlab-exercise\/02-acceleration\/reordered/);
  assert.doesNotMatch(await load(false, 'virtual:optlab-exercises'), /solution\//);
});

test('an exercise comes without its solution', async () => {
  const text = await load(true, 'virtual:optlab-exercise/02-acceleration/reordered');
  assert.match(text, /The definition, as in the lesson/);
  assert.match(text, /<code>b\[k \* N \+ j\]<\/code>/, 'hints are HTML');
  assert.doesNotMatch(text, /Along the rows of B and C/);
  assert.match(await load(true, 'virtual:optlab-solution/02-acceleration/reordered'), /Along the rows of B and C/);
});
