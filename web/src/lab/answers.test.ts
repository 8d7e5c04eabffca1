// The short questions: numbers and choices, judged and kept.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAnswer, type Answer } from './answers.ts';
import { feedbackFor, isRightChoice, isRightNumber, parseNumber, parseTolerance, severalText } from './check.ts';
import { MemoryStore, StoreWithFallback, type Store } from './store.ts';

describe('numbers as people type them', () => {
  it('are read', () => {
    const cases: [string, number][] = [
      ['500', 500],
      [' 1,179,648 ', 1179648],
      ['1 179 648', 1179648],
      ['9.8e9', 9.8e9],
      ['−3.5', -3.5],
      ['12 %', 12],
      ['.5', 0.5],
      ['5/8', 0.625],
    ];
    for (const [text, value] of cases) assert.equal(parseNumber(text), value, text);
    for (const text of ['', 'about 5', '1,23', '5/0', '1..2', 'NaN', 'Infinity', '0x10']) {
      assert.equal(parseNumber(text), null, text);
    }
  });

  it('are right within a tolerance, its edge included', () => {
    assert.equal(parseTolerance('2%', -50), 1);
    assert.equal(parseTolerance('0.1', 24), 0.1);
    assert.equal(parseTolerance('-1', 24), null);
    assert.equal(parseTolerance('little', 24), null);
    assert.ok(isRightNumber(24.1, { value: 24, tolerance: 0.1 }));
    assert.ok(!isRightNumber(24.2, { value: 24, tolerance: 0.1 }));
    assert.ok(isRightNumber(0.1 + 0.2, { value: 0.3, tolerance: 0 }));
    assert.ok(!isRightNumber(501, { value: 500, tolerance: 0 }));
  });
});

describe('choices', () => {
  it('are right if they are exactly the right ones', () => {
    assert.ok(isRightChoice([2, 0], [0, 2]));
    assert.ok(!isRightChoice([0], [0, 2]));
    assert.ok(!isRightChoice([0, 1, 2], [0, 2]));
  });
  it('have feedback; of several, those left out too', () => {
    assert.deepEqual(feedbackFor('single', [1], [2]), [1]);
    assert.deepEqual(feedbackFor('several', [3], [0, 3]), [0, 3]);
    assert.equal(severalText([1], [0, 2]), 'Not yet: 1 of your choices is wrong, 2 right ones are missing.');
    assert.equal(severalText([0], [0, 2]), 'Not yet: 1 right one is missing.');
  });
});

describe('answers', () => {
  const answer: Answer = { chosen: [1], text: '', right: true };

  it('are kept and forgotten', async () => {
    const store = new MemoryStore<Answer>();
    await store.set('01/a', answer);
    assert.deepEqual(await store.get('01/a'), answer);
    assert.equal(await store.get('01/b'), null);
    await store.delete('01/a');
    assert.equal(await store.get('01/a'), null);
  });

  it('are judged even where nothing can be kept', async () => {
    let tried = 0;
    const fail = () => {
      ++tried;
      return Promise.reject(new Error('blocked'));
    };
    const broken: Store<Answer> = { get: fail, set: fail, delete: fail, keys: fail };
    const store = new StoreWithFallback<Answer>(broken, new MemoryStore<Answer>());
    assert.ok(store.keeps);
    await store.set('01/a', answer);
    assert.deepEqual(await store.get('01/a'), answer);
    assert.equal(tried, 1);
    assert.ok(!store.keeps);
  });

  it('of another version are none', () => {
    assert.ok(isAnswer(answer));
    for (const value of [null, 'x', {}, { ...answer, chosen: ['1'] }, { ...answer, right: 1 }]) {
      assert.ok(!isAnswer(value), JSON.stringify(value));
    }
  });
});
