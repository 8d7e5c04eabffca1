// A student's product inside the library, in all four builds: in the race, and in the classifier.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { NodeHost } from '../tools/grade/host.ts';
import { exerciseNames, loadExercise } from '../tools/lib/exercises.ts';
import { kGuestSlots } from '#lab/generated/guest-slots.ts';
import { parseDeclaration } from '#lab/grading/declaration.ts';
import { declarationsOf } from '#lab/grading/exercise.ts';
import { slotsFor, type GuestSlot } from '#lab/guest-slots.ts';
import { kGuestRung, plugGuests, reserveGuests, type GuestHost } from '#lab/guest.ts';
import { isThreaded, kBuilds, loadModule, readGoldenImages, readModel } from './lib/library.ts';

const kHeader = 'extern "C" void matmul(const float* a, const float* b, float* c, int M, int K, int N);\n';

/** The reference's order of sums, and so its bits. */
const kSource = `#include "exercise.h"
static int calls = 40;
struct Counter { Counter() { calls += 2; } } counter;
extern "C" void matmul(const float* a, const float* b, float* c, int M, int K, int N) {
  if (calls < 42) return;  // constructors were called
  ++calls;
  float row[512];  // on the stack
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) row[j] = 0;
    for (int k = 0; k < K; ++k)
      for (int j = 0; j < N; ++j) row[j] += a[i * K + k] * b[k * N + j];
    for (int j = 0; j < N; ++j) c[i * N + j] = row[j];
  }
}`;

const host = new NodeHost();
after(() => host.close());

async function plug(module: GuestHost, source = kSource): Promise<void> {
  const [place] = reserveGuests(module, ['matmul']);
  assert.ok(place);
  const options = { source, headers: { 'exercise.h': kHeader }, exports: ['matmul'], memoryPages: 16 };
  const { wasm, diagnostics } = await host.compile({ ...options, mode: 'fast', base: place });
  assert.ok(wasm, JSON.stringify(diagnostics));
  await plugGuests(module, [{ ...place, wasm }]);
}

for (const build of kBuilds) {
  const threads = isThreaded(build) ? 2 : 1;
  describe(build, () => {
    test('a guest races beside the library', async () => {
      const library = await loadModule(build, 'optlab', threads);
      const offered = () => library.gemmVariants().find(({ name }) => name === kGuestRung)?.supported;
      assert.equal(offered(), false);
      await plug(library);
      assert.equal(offered(), true);
      const race = new library.GemmRace(31, 64, 17, ['naive', kGuestRung], 0.05);
      while (race.step());
      assert.deepEqual(
        race.lanes().map(({ name }) => name),
        ['naive', kGuestRung],
      );
      assert.equal(race.digest(1), race.digest(0));
      race.delete();
    });

    test('a guest classifies with the reference’s bits', async () => {
      const models = await loadModule(build, 'models', threads);
      await plug(models);
      const model = new models.Mlp(readModel());
      const [want, got] = ['naive', kGuestRung].map((rung) => model.classify(readGoldenImages(), rung));
      assert.equal(got?.logitsDigest, want?.logitsDigest);
      model.delete();
    });

    test('the library’s own memory is as it was', async () => {
      const library = await loadModule(build, 'optlab', threads);
      const tensor = new library.Tensor(64, 64);
      tensor.view().fill(3);
      await plug(library);
      assert.ok(tensor.view().every((value) => value === 3));
      tensor.delete();
    });
  });
}

test('a guest with more data than there is room for is refused', async () => {
  const library = await loadModule('simd', 'optlab');
  const large = `${kHeader}float table[(9 << 20) / 4];\nvoid matmul(const float* a, const float*, float* c, int, int, int) { c[0] = table[(int)a[0]]; table[1] = 2; }`;
  await assert.rejects(plug(library, large), /need \d+\.\d MB; in the library there is room for 8/);
});

describe('each slot', () => {
  const exercises = exerciseNames().map((name) => loadExercise(name));
  for (const [slot, declaration] of Object.entries(kGuestSlots)) {
    test(`${slot} has a declaration that compiles, and an exercise whose function fits`, async () => {
      const source = `extern "C" {\n${declaration};\n}\nusing Pointer = decltype(&${slot});\n`;
      const { diagnostics } = await host.compile({ source, headers: {}, exports: [], memoryPages: 16, mode: 'fast' });
      assert.deepEqual(diagnostics, []);
      assert.ok(exercises.some(({ spec }) => slotsFor(declarationsOf(spec)).includes(slot as GuestSlot)));
    });
  }

  test('is matched by types, whatever the parameters are called', () => {
    const slots = (declaration: string) => slotsFor([parseDeclaration(declaration)]);
    assert.deepEqual(slots('int slot_of(int p, int w, int s)'), ['slot_of']);
    assert.deepEqual(slots('int slot_of(int position, int window)'), []);
    assert.deepEqual(slots('int slots_of(int position, int window, int sinks)'), []);
    assert.deepEqual(slots('void matmul(float* a, const float* b, float* c, int M, int K, int N)'), []);
  });

  test('that there is not is refused', async () => {
    const library = await loadModule('simd', 'optlab');
    assert.throws(() => library.installGuest('sort', 0), /no slot for a guest called 'sort' \(allowed: matmul\)/);
  });
});
