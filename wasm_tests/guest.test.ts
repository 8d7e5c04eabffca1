// A student's product inside the library, in all four builds: in the race, and in the classifier.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { NodeHost } from '../tools/grade/host.ts';
import { kGuestFunction, kGuestRung, plugGuest, reserveGuest, type GuestHost } from '#lab/guest.ts';
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
  const base = reserveGuest(module);
  const options = { source, headers: { 'exercise.h': kHeader }, exports: [kGuestFunction], memoryPages: 16 };
  const { wasm, diagnostics } = await host.compile({ ...options, mode: 'fast', base });
  assert.ok(wasm, JSON.stringify(diagnostics));
  await plugGuest(module, base, wasm);
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
