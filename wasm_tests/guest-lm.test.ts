// A student's attention, cache and window inside the real language model, in all four builds.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { loadExercise } from '../tools/lib/exercises.ts';
import { NodeHost } from '../tools/grade/host.ts';
import { kDecoderSlots, medianRate, type DecoderSettings, type DecoderSlot } from '#lab/generation.ts';
import { headersOf } from '#lab/grading/exercise.ts';
import { plugGuests, reserveGuests, type GuestModule } from '#lab/guest.ts';
import guestDecoder, { type GuestDecoderOptions } from '../lessons/03-memory/experiments/own-attention/task.ts';
import { isThreaded, kBuilds, type Lms, loadModule } from './lib/library.ts';
import { run } from './lib/tasks.ts';
import { sourceOf } from './variants/check.ts';

const kExercises: Record<DecoderSlot, string> = {
  attend: '03-memory/incremental-attention',
  kv_append: '03-memory/kv-append',
  slot_of: '03-memory/sliding-window',
};

const host = new NodeHost();
after(() => host.close());

/** The solutions of the exercises, or what stands in for them, in the module's memory. */
async function plug(module: Lms, steps: readonly DecoderSlot[], sources: Partial<Record<DecoderSlot, string>> = {}) {
  const modules: GuestModule[] = [];
  for (const place of reserveGuests(module, steps)) {
    const step = place.slot as DecoderSlot;
    const exercise = loadExercise(kExercises[step]);
    const { wasm, diagnostics } = await host.compile({
      source: sources[step] ?? sourceOf(kExercises[step], 'solution.cpp'),
      headers: headersOf(exercise),
      exports: [step],
      memoryPages: exercise.spec.budgets.memoryPages,
      mode: 'fast',
      base: place,
    });
    assert.ok(wasm, JSON.stringify(diagnostics));
    modules.push({ ...place, wasm });
  }
  await plugGuests(module, modules);
}

const kFull: DecoderSettings = { window: 0, sinks: 0, storage: 'f32', weights: 'f32', mode: 'exact' };

function compare(module: Lms, changed: Partial<GuestDecoderOptions> = {}, steps = Infinity) {
  const options: GuestDecoderOptions = {
    ...{ model: 'lmTiny', tokenizer: 'tokenizer', prompt: 'Call me Ishmael. ' },
    ...{ count: 60, decoder: kFull, threads: 1 },
    ...changed,
  };
  return run(guestDecoder, module, options, { steps });
}

for (const build of kBuilds) {
  describe(build, () => {
    const load = () => loadModule(build, 'lm', isThreaded(build) ? 2 : 1);

    test('solutions write what the library writes', async () => {
      const module = await load();
      await plug(module, kDecoderSlots);
      const report = await compare(module);
      assert.equal(report.ids.length, 60);
      assert.deepEqual(report.ids, report.libraryIds);
      assert.ok(report.text.length > 60, report.text);
      // Other orders of sums than the library's, through three layers.
      assert.ok(report.largestDifference > 0);
      assert.ok(report.largestDifference < 1e-4 * report.largestLogit, `${report.largestDifference}`);
      assert.ok((medianRate(report.ownSeconds) ?? 0) > 0 && (medianRate(report.librarySeconds) ?? 0) > 0);
    });

    test('a window with sinks, whose slots the reader chooses', async () => {
      const module = await load();
      const decoder = { ...kFull, window: 24, sinks: 3 };
      for (const steps of [['attend'], ['attend', 'slot_of'], kDecoderSlots] as const) {
        await plug(module, steps);
        const { ids, libraryIds, largestDifference, largestLogit } = await compare(module, { decoder });
        assert.deepEqual(ids, libraryIds);
        assert.ok(largestDifference < 1e-4 * largestLogit, `${largestDifference}`);
      }
    });
  });
}

describe('what goes wrong', () => {
  test('a kernel that sees one position too few writes something else', async () => {
    const module = await loadModule('simd', 'lm');
    const wrong = sourceOf(kExercises.attend, 'solution.cpp').replace(
      'const float scale =',
      'if (length > 1) --length;\n  const float scale =',
    );
    await plug(module, ['attend'], { attend: wrong });
    const { ids, libraryIds, largestDifference } = await compare(module);
    assert.notDeepEqual(ids, libraryIds);
    assert.ok(largestDifference > 0.1);
  });

  test('logits that are no numbers are seen', async () => {
    const module = await loadModule('simd', 'lm');
    await plug(module, ['attend'], {
      attend: `#include "exercise.h"
void attend(const float*, const float*, const float*, float* out, float*, int, int, int, int, int) {
  out[0] = __builtin_nanf("");
}`,
    });
    const { largestDifference } = await compare(module, { count: 3 });
    assert.ok(Number.isNaN(largestDifference));
  });

  test('a slot that is none is refused', async () => {
    const module = await loadModule('simd', 'lm');
    const slot_of = sourceOf(kExercises.slot_of, 'solution.cpp').replace(
      'return sinks + (position - sinks) % window;',
      'return position;',
    );
    await plug(module, ['attend', 'slot_of'], { slot_of });
    const decoder = { ...kFull, window: 8, sinks: 2 };
    await assert.rejects(compare(module, { decoder }), /puts position 10 into slot 10; there are 0 to 9/);
  });

  test('without a kernel, and with other storages than float32', async () => {
    const module = await loadModule('simd', 'lm');
    await assert.rejects(compare(module), /no kernel from outside to attend with/);
    await assert.rejects(compare(module, { decoder: { ...kFull, storage: 'int8' } }), /read f32, not int8/);
    await plug(module, ['slot_of']);
    await assert.rejects(compare(module), /no kernel from outside to attend with/);
  });

  test('a stop leaves what there is', async () => {
    const module = await loadModule('simd', 'lm');
    await plug(module, ['attend']);
    const report = await compare(module, {}, 2);
    assert.deepEqual([report.ids.length, report.stopped, report.done], [2, true, true]);
  });
});
