import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Slots } from './slots.ts';

/** Work that ends when it is told to, and notes its beginning. */
function workOn(slots: Slots, begun: string[]) {
  const ends = new Map<string, () => void>();
  return {
    start(name: string, least: number, most = least) {
      void slots.use({ least, most }, (granted) => {
        begun.push(`${name}:${granted}`);
        return new Promise<void>((end) => ends.set(name, end));
      });
    },
    async end(name: string) {
      ends.get(name)!();
      for (let i = 0; i < 4; ++i) await nextTurn();
    },
    async settle() {
      for (let i = 0; i < 4; ++i) await nextTurn();
    },
  };
}

describe('slots', () => {
  it('go to whoever came first and fits', async () => {
    const begun: string[] = [];
    const work = workOn(new Slots(2), begun);
    work.start('a', 1);
    work.start('alone', 2);
    work.start('b', 1);
    work.start('c', 1);
    await work.settle();
    assert.deepEqual(begun, ['a:1', 'b:1'], 'b is not held up by what needs both');
    await work.end('a');
    await work.end('b');
    assert.deepEqual(begun, ['a:1', 'b:1', 'c:1']);
    await work.end('c');
    assert.deepEqual(begun, ['a:1', 'b:1', 'c:1', 'alone:2']);
  });

  it('that nobody waits for go to who can use them', async () => {
    const begun: string[] = [];
    const work = workOn(new Slots(4), begun);
    work.start('build', 1, 4);
    work.start('test', 1);
    await work.settle();
    assert.deepEqual(begun, ['build:1', 'test:1']);
    work.start('last', 1, 4);
    await work.settle();
    assert.equal(begun[2], 'last:2');
  });

  it('are never more than there are, and are given back when work fails', async () => {
    const slots = new Slots(2);
    await assert.rejects(
      slots.use({ least: 16 }, (granted) => {
        assert.equal(granted, 2);
        return Promise.reject(new Error('broken'));
      }),
      /broken/,
    );
    assert.equal(await slots.use({ least: 2 }, (granted) => Promise.resolve(granted)), 2);
  });
});
