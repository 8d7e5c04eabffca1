import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressOf, flag, initialOf, oneOf, range, text, threads, valuesOf, type Field } from './fields.ts';

const kLimits = { threads: 4 };
const kFields = {
  storage: oneOf('Keys and values', ['f32', 'int8']),
  window: oneOf('Window', [0, 4, 8], 4, (window) => (window === 0 ? 'everything' : `latest ${window}`)),
  fast: flag('Arithmetic', ['exact', 'fast']),
  seconds: range('Seconds', [0.5, 10], 2, { step: 0.5 }),
  seed: range('Seed', [0, 100], 1, { whole: true }),
  prompt: text('Prompt', 5, 'Call'),
  threads: threads(),
};
const read = (said: Record<string, string>) => valuesOf(kFields, (name) => said[name], kLimits);

describe('fields of an experiment', () => {
  test('are the page’s own where nothing is said', () => {
    const own = { storage: 'f32', window: 4, fast: false, seconds: 2, seed: 1, prompt: 'Call', threads: 1 };
    assert.deepEqual(initialOf(kFields), own);
    assert.deepEqual(read({}), own);
    assert.deepEqual(
      valuesOf(kFields, () => null, kLimits),
      own,
    );
  });

  test('take what is allowed', () => {
    const said = { storage: 'int8', window: '0', fast: 'true', seconds: '10', seed: '7.9', prompt: '', threads: '4' };
    assert.deepEqual(read(said), {
      storage: 'int8',
      window: 0,
      fast: true,
      seconds: 10,
      seed: 7,
      prompt: '',
      threads: 4,
    });
  });

  test('refuse what is not', () => {
    const said = { storage: 'int3', window: '', fast: 'yes', seconds: '0.4', seed: 'x', threads: '5' };
    assert.deepEqual(read(said), initialOf(kFields));
    for (const number of ['', ' ', 'NaN', '11', '-1', '1e9']) assert.equal(read({ seconds: number }).seconds, 2);
    for (const count of ['0', '-1', '', 'all']) assert.equal(read({ threads: count }).threads, 1);
    assert.equal(read({ window: '5' }).window, 4);
    assert.equal(read({ prompt: 'Call me' }).prompt, 'Call ');
  });

  test('cap threads only where they are declared so', () => {
    assert.equal(threads({ capped: true }).parse('64', kLimits), 4);
    assert.equal(threads().parse('64', kLimits), undefined);
    assert.equal(threads().parse('2.5', kLimits), 2);
  });

  test('give a select its options', () => {
    assert.deepEqual(kFields.window.control, {
      kind: 'select',
      options: [
        ['0', 'everything'],
        ['4', 'latest 4'],
        ['8', 'latest 8'],
      ],
    });
  });

  test('come back from the address as they went there', () => {
    const values = { ...initialOf(kFields), window: 8 as const, fast: true, seconds: 2.5 };
    const all = addressOf(kFields, values, 'all', kLimits);
    assert.deepEqual(Object.keys(all), Object.keys(kFields));
    assert.deepEqual(read(all), values);
    const changed = addressOf(kFields, values, 'changed', kLimits);
    assert.deepEqual(changed, { window: '8', fast: 'true', seconds: '2.5' });
    assert.deepEqual(read(changed), values);
  });

  test('stay out of the address where it could not be read from', () => {
    const fields = { model: oneOf('Model', ['moby', 'tiny']) as Field<'moby' | 'tiny' | 'own'> };
    assert.deepEqual(addressOf(fields, { model: 'own' }, 'changed', kLimits), {});
    assert.deepEqual(addressOf(fields, { model: 'tiny' }, 'changed', kLimits), { model: 'tiny' });
  });
});
