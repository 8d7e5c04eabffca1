// The exercises of lesson 03: what students get wrong is found, in the task that asks for it, and named.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { NodeHost } from '../tools/grade/host.ts';
import { cacheBytes, kStorages } from '../lessons/03-memory/memory.ts';
import { Ring } from '../lessons/03-memory/ring.ts';
import { loadModule, readLm } from './lib/library.ts';
import { kCacheMemory } from './variants/cache-memory.ts';
import { checkVariants, gradeVariant, sourceOf } from './variants/check.ts';
import { kIncrementalAttention } from './variants/incremental-attention.ts';
import { kKvAppend } from './variants/kv-append.ts';
import { kSlidingWindow } from './variants/sliding-window.ts';

const host = new NodeHost();
after(() => host.close());

const name = (exercise: string) => `03-memory/${exercise}`;

checkVariants(host, name('kv-append'), kKvAppend);
checkVariants(host, name('incremental-attention'), kIncrementalAttention);
checkVariants(host, name('sliding-window'), kSlidingWindow);
checkVariants(host, name('cache-memory'), kCacheMemory);

describe('incremental-attention, timed', () => {
  it('gives the equations as they stand all points but those for speed', async () => {
    const exercise = name('incremental-attention');
    const result = await gradeVariant(host, exercise, sourceOf(exercise, 'reference.cpp'), false);
    const fast = result.tasks.find(({ id }) => id === 'fast');
    assert.equal(fast?.points, 0);
    assert.equal(result.points, result.maxPoints - (fast?.maxPoints ?? 0));
  });
});

describe('what the exercises ask for is what the library does', () => {
  it('slots and what is kept', async () => {
    const lms = await loadModule('simd', 'lm');
    const model = new lms.Lm(readLm());
    for (const [window, sinks] of [
      [9, 2],
      [7, 0],
      [1, 3],
    ] as const) {
      const policy = { window, sinks, storage: 'f32', weights: 'f32', mode: 'fast' } as const;
      const decoder = new lms.Decoder(model, policy);
      decoder.feed(Int32Array.from({ length: 40 }, (_, i) => i));
      const ring = Ring.after(39, window, sinks);
      for (let position = 0; position < 45; ++position) {
        assert.equal(decoder.holds(position), ring.holds(position));
        assert.equal(decoder.slotOf(position), Ring.after(position, window, sinks).slot);
      }
      decoder.delete();
    }
    model.delete();
  });

  it('bytes', async () => {
    const lms = await loadModule('simd', 'lm');
    const model = new lms.Lm(readLm());
    const { layers, heads, kvHeads, dim } = model.config();
    for (const storage of kStorages) {
      for (const [window, sinks] of [
        [0, 0],
        [9, 2],
        [100, 1],
      ] as const) {
        const decoder = new lms.Decoder(model, { window, sinks, storage, weights: 'f32', mode: 'fast' });
        decoder.feed(Int32Array.from({ length: 40 }, (_, i) => i));
        const shape = { layers, heads, kvHeads, headSize: dim / heads, positions: 40, window, sinks, storage };
        assert.equal(decoder.bytesInUse(), Number(cacheBytes(shape)));
        decoder.delete();
      }
    }
    model.delete();
  });
});
