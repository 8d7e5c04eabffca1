// What JavaScript sees of the kernels: optlab.mjs in each of the four WebAssembly builds, loaded by Node.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { kGuestRung } from '#lab/guest.ts';
import type { BuildName, VariantInfo } from '#lab/types.ts';
import { keepsMemory } from './lib/checks.ts';
import { isThreaded, kBuilds, type Library, loadModule } from './lib/library.ts';
import { blockingOf, filled, kExactVariants, kFusedRungs, product, refuses } from './lib/products.ts';

/** With those that exist in races only. */
const kExactRungs = kExactVariants.toSpliced(5, 0, 'simd_prepacked');
const kWideRungs = ['int8_wide', 'int8_wide_threads'];
const kInt8Rungs = {
  simd: kWideRungs,
  relaxed: [...kWideRungs, 'int8_dot', 'int8_dot_threads', 'int8_fused', 'int8_fused_threads'],
};
const kMostThreads = 4;

function describeBuild(build: BuildName): void {
  let library: Library;
  /** All rungs of a race. */
  let rungs: VariantInfo[];
  before(async () => {
    library = await loadModule(build, 'optlab', kMostThreads);
    library.setThreads(isThreaded(build) ? 2 : 1);
    rungs = library.gemmVariants().filter(({ name }) => name !== kGuestRung); // which is empty: guest.test.ts fills it
  });

  it('says what it is', () => {
    const info = library.buildInfo();
    assert.equal(info.build, build);
    assert.equal(info.threads, isThreaded(build));
    assert.equal(info.isa, build.startsWith('relaxed') ? 'wasm128+relaxed' : 'wasm128');
    assert.match(info.version, /^\d+\.\d+\.\d+$/);
    assert.ok(info.memoryBytes >= 1 << 20);
    if (isThreaded(build)) assert.equal(info.memoryBytes, 256 << 20);
  });

  it('lists the ladder', () => {
    const names = rungs.map(({ name }) => name);
    const relaxed = build.startsWith('relaxed');
    const int8 = kInt8Rungs[relaxed ? 'relaxed' : 'simd'];
    assert.deepEqual(names, [...kExactRungs, ...(relaxed ? kFusedRungs : []), ...int8]);
    for (const { name, idea, mode, threaded, prepacked, supported } of rungs) {
      assert.equal(mode, int8.includes(name) ? 'int8' : kFusedRungs.includes(name) ? 'fast' : 'exact', name);
      assert.equal(threaded, name.endsWith('_threads'), name);
      assert.equal(prepacked, name.endsWith('_prepacked') || int8.includes(name), name);
      assert.ok(supported, name);
      assert.ok(idea.length > 5, name);
    }
    const tick = library.clockTick();
    assert.ok(tick > 0 && tick < 0.1, `the clock's tick is ${tick} s`);
  });

  describe('refuses bad arguments', () => {
    it('dimensions of tensors', () => {
      refuses(library, 'RangeError', /\[-1,3.*negative/, () => new library.Tensor(-1, 3));
      refuses(library, 'RangeError', /\[65536,65536.*more than 2147483647/, () => new library.Tensor(65536, 65536));
      for (const odd of [2 ** 32 + 2, -(2 ** 32), 2 ** 31, 1e300, Infinity, NaN, 2.5]) {
        refuses(library, 'RangeError', /whole number/, () => new library.Tensor(odd, 3));
        refuses(library, 'RangeError', /whole number/, () => new library.Tensor(3, odd));
      }
    });

    it('more memory than there is', () => {
      // 1.1 GB: above the most of any build, and refused before it is touched.
      refuses(library, 'RangeError', /out of memory/, () => new library.Tensor(20_000, 14_000));
    });

    it('zero, negative and overflowing dimensions of a race', () => {
      const race = (m: number, k: number, n: number) => new library.GemmRace(m, k, n, ['naive'], 1);
      refuses(library, 'RangeError', /\[0,4,4\].*>= 1/, () => race(0, 4, 4));
      refuses(library, 'RangeError', /\[4,0,4\].*>= 1/, () => race(4, 0, 4));
      refuses(library, 'RangeError', /\[4,4,-7\].*>= 1/, () => race(4, 4, -7));
      refuses(library, 'RangeError', /more than 2147483647/, () => race(50_000, 50_000, 1));
      refuses(library, 'RangeError', /out of memory/, () => race(20_000, 14_000, 1));
      refuses(library, 'RangeError', /whole number/, () => race(2 ** 32 + 4, 4, 4));
      refuses(library, 'RangeError', /whole number/, () => race(4, NaN, 4));
    });

    it('rungs and times', () => {
      refuses(library, 'RangeError', /"turbo".*naive, reordered/, () => new library.GemmRace(4, 4, 4, ['turbo'], 1));
      refuses(library, 'RangeError', /"turbo".*naive, reordered/, () => product(library, 2, 2, 2, 'turbo'));
      for (const seconds of [0, -1, NaN]) {
        refuses(library, 'RangeError', /seconds/, () => new library.GemmRace(4, 4, 4, ['naive'], seconds));
        refuses(library, 'RangeError', /seconds/, () => new library.RooflineProbe(seconds));
        refuses(library, 'RangeError', /seconds/, () => new library.BlockingTuner(seconds));
      }
    });

    it('block sizes', () => {
      const [depth, rows, columns] = blockingOf(library);
      for (const odd of [0, -1, 2 ** 20 + 1]) {
        const message = /blocking \[.*must be 1 to 1048576/;
        refuses(library, 'RangeError', message, () => library.setGemmBlocking(odd, 1, 1));
        refuses(library, 'RangeError', message, () => library.setGemmBlocking(1, odd, 1));
        refuses(library, 'RangeError', message, () => library.setGemmBlocking(1, 1, odd));
      }
      refuses(library, 'RangeError', /depth is .*whole number/, () => library.setGemmBlocking(2.5, 1, 1));
      refuses(library, 'RangeError', /rows is .*whole number/, () => library.setGemmBlocking(1, 2 ** 32 + 1, 1));
      assert.deepEqual(blockingOf(library), [depth, rows, columns], 'unchanged');
    });

    it('numbers of threads', () => {
      for (const threads of [0, -1, 257]) {
        refuses(library, 'RangeError', new RegExp(`${threads} threads; 1 to 256`), () => library.setThreads(threads));
      }
      refuses(library, 'RangeError', /threads is 4294967297.*whole number/, () => library.setThreads(2 ** 32 + 1));
    });

    it('shapes that do not match', () => {
      const [a, b, c] = [new library.Tensor(2, 3), new library.Tensor(4, 5), new library.Tensor(2, 5)];
      refuses(library, 'RangeError', /A is \[2,3\], B \[4,5\] and C \[2,5\]/, () => library.gemmMultiply(a, b, c, ''));
      const square = new library.Tensor(3, 3);
      refuses(library, 'RangeError', /same tensor/, () => library.gemmMultiply(a, square, a, ''));
      for (const tensor of [a, b, c, square]) tensor.delete();
    });

    it('a lane that is not there', () => {
      const race = new library.GemmRace(4, 4, 4, ['naive'], 1);
      for (const lane of [-1, 1, 2 ** 32, 0.5]) {
        refuses(library, 'RangeError', /./, () => race.samples(lane));
        refuses(library, 'RangeError', /./, () => race.digest(lane));
        refuses(library, 'RangeError', /./, () => race.packedBytes(lane));
      }
      race.delete();
    });
  });

  describe('loses no memory', () => {
    it('in 1,000 tensors', () => keepsMemory(library, 1000, () => new library.Tensor(37, 41).delete()));
    it('in 1,000 races', () => {
      keepsMemory(library, 1000, () => {
        const race = new library.GemmRace(9, 10, 11, ['naive', 'simd', 'simd_threads'], 0.01);
        race.step();
        race.lanes();
        race.delete();
      });
    });
    it('in 20 races of block sizes', () => keepsMemory(library, 20, () => new library.BlockingTuner(1).delete()));
    // Fewer, as each allocates and fills 64 MiB; since not a byte may be lost, the number hardly matters.
    it('in 50 probes', () => keepsMemory(library, 50, () => new library.RooflineProbe(1).delete()));
    it('in 1,000 refusals', () => {
      keepsMemory(library, 1000, () => {
        assert.throws(() => new library.Tensor(-1, 1), RangeError);
        assert.throws(() => new library.GemmRace(1, 1, 1, ['turbo'], 1), RangeError);
      });
    });
  });

  describe('shows its memory', () => {
    it('and sees what is written there', () => {
      const [a, b] = [filled(library, 2, 2, Float32Array.of(1, 2, 3, 4)), filled(library, 2, 1, Float32Array.of(5, 6))];
      const c = new library.Tensor(2, 1);
      assert.deepEqual([...c.view()], [0, 0]);
      assert.deepEqual([a.rows(), a.columns(), b.rows(), b.columns()], [2, 2, 2, 1]);
      library.gemmMultiply(a, b, c, 'naive');
      assert.deepEqual([...c.view()], [17, 39]);
      a.view()[3] = 10;
      library.gemmMultiply(a, b, c, 'naive');
      assert.deepEqual([...c.view()], [17, 75]);
      for (const tensor of [a, b, c]) tensor.delete();
    });

    it('but not after delete', () => {
      const [tensor, other] = [new library.Tensor(2, 2), new library.Tensor(2, 2)];
      tensor.delete();
      assert.throws(() => tensor.view(), /deleted/);
      assert.throws(() => tensor.rows(), /deleted/);
      assert.throws(() => tensor.delete(), /deleted/);
      assert.throws(() => library.gemmMultiply(tensor, other, other, ''), /deleted/);
      other.delete();
      const race = new library.GemmRace(4, 4, 4, ['naive'], 1);
      race.delete();
      assert.throws(() => race.step(), /deleted/);
      assert.throws(() => race.lanes(), /deleted/);
    });
  });

  describe('measures', () => {
    it('a race', () => {
      const names = ['naive', 'packed', 'simd', 'simd_prepacked'];
      const race = new library.GemmRace(48, 40, 56, names, 0.8);
      assert.equal(race.scratchHighWater(), 0);
      let progress = 0;
      let steps = 0;
      do {
        assert.ok(race.progress() >= progress, 'progress falls');
        progress = race.progress();
      } while (race.step() && ++steps < 10_000);
      assert.equal(race.progress(), 1);
      assert.equal(race.step(), false);
      const lanes = race.lanes();
      assert.deepEqual(
        lanes.map(({ name }) => name),
        names,
      );
      assert.deepEqual(
        names.map((_, i) => race.packedBytes(i)),
        [0, 0, 0, 4 * 40 * 56],
      );
      assert.ok(race.scratchHighWater() > 0 && race.scratchHighWater() < 1 << 20);
      lanes.forEach((lane, i) => {
        assert.equal(lane.flops, 2 * 48 * 40 * 56);
        assert.equal(lane.bytes, 4 * (48 * 40 + 40 * 56 + 48 * 56));
        const { count, min, low, median, high, max } = lane.statistics!;
        const samples = race.samples(i);
        assert.equal(samples.length, count);
        assert.equal(Math.min(...samples), min);
        assert.equal(Math.max(...samples), max);
        assert.ok(0 < min && min <= low && low <= median && median <= high && high <= max, lane.name);
        assert.ok(lane.flops / median > 1e6 && lane.flops / median < 1e13, `${lane.flops / median} FLOP/s`);
        assert.match(race.digest(i), /^[0-9a-f]{16}$/);
        assert.equal(race.digest(i), race.digest(0));
      });
      race.delete();
    });

    it('block sizes, and uses the best', () => {
      const before = blockingOf(library);
      const tuner = new library.BlockingTuner(0.4);
      assert.deepEqual(Object.values(tuner.best()), before, 'nothing measured: the default');
      let progress = 0;
      for (let steps = 0; tuner.step() && steps < 10_000; ++steps) {
        assert.ok(tuner.progress() >= progress, 'progress falls');
        progress = tuner.progress();
      }
      assert.equal(tuner.progress(), 1);
      const lanes = tuner.lanes();
      assert.equal(lanes.length, 8);
      assert.equal(lanes[0]!.name, before.join('/'), 'the default comes first');
      for (const { name, flops, statistics } of lanes) {
        assert.match(name, /^\d+\/\d+\/\d+$/);
        assert.equal(flops, 2 * 768 ** 3);
        assert.ok(statistics!.median > 0, name);
      }
      const { depth, rows, columns } = tuner.best();
      assert.ok(lanes.some(({ name }) => name === `${depth}/${rows}/${columns}`));
      assert.deepEqual(blockingOf(library), before, 'not applied yet');
      tuner.apply();
      assert.deepEqual(blockingOf(library), [depth, rows, columns]);
      tuner.delete();
      library.setGemmBlocking(...before);
    });

    it('its scratch memory', () => {
      const used = library.scratchHighWater();
      product(library, 300, 700, 300, 'simd'); // too many rows to read B in place
      assert.ok(library.scratchHighWater() >= Math.max(used, 4 * 512 * 300), `${library.scratchHighWater()} bytes`);
    });

    it('the roofline', () => {
      const probe = new library.RooflineProbe(0.5);
      for (let steps = 0; probe.step() && steps < 10_000; ++steps);
      assert.equal(probe.progress(), 1);
      const peaks = probe.peaks();
      const threads = library.setThreads(isThreaded(build) ? 2 : 1);
      assert.deepEqual([...new Set(peaks.map((peak) => peak.threads))].sort(), threads === 2 ? [1, 2] : [1]);
      for (const name of ['wasm128', ...(build.startsWith('relaxed') ? ['wasm128+relaxed'] : [])]) {
        assert.ok(
          peaks.some((peak) => peak.kind === 'compute' && peak.name === name),
          name,
        );
      }
      // Every rung of every mode has a roof.
      for (const { name, isa, threaded } of library.gemmVariants().filter(({ supported }) => supported)) {
        const own = (peak: (typeof peaks)[number]) =>
          peak.kind !== 'memory' && peak.name === isa && peak.threads === (threaded ? threads : 1);
        assert.ok(peaks.some(own), `${name}: ${isa}`);
      }
      assert.ok(peaks.some((peak) => peak.kind === 'memory' && peak.bytes >= 256 * 1024));
      for (const { name, value } of peaks) assert.ok(value > 1e7 && value < 1e14, `${name}: ${value} per second`);
      probe.delete();
    });
  });
}

for (const build of kBuilds) describe(`the ${build} build`, () => describeBuild(build));

describe('threads', () => {
  for (const build of kBuilds.filter(isThreaded)) {
    it(`${build}: starts with 1 to 4, with the same result`, async () => {
      let want: Float32Array | undefined;
      for (let threads = 1; threads <= kMostThreads; ++threads) {
        const library = await loadModule(build, 'optlab', threads);
        assert.equal(library.setThreads(threads), threads);
        const got = product(library, 70, 90, 110, 'simd_threads');
        want ??= got;
        assert.deepEqual(got, want, `${threads} threads`);
        assert.equal(library.setThreads(1), 1);
        assert.deepEqual(product(library, 70, 90, 110, 'simd_threads'), want, `one of ${threads} threads`);
        assert.equal(library.setThreads(threads), threads);
      }
    });

    // In a browser it may not; golden.test.ts looks at that.
    it(`${build}: starts more later, in Node`, async () => {
      const library = await loadModule(build, 'optlab', 2);
      const want = product(library, 64, 64, 64, 'naive');
      assert.equal(library.setThreads(4), 4);
      assert.deepEqual(product(library, 64, 64, 64, 'simd_threads'), want);
    });
  }

  for (const build of kBuilds.filter((name) => !isThreaded(name))) {
    it(`${build}: has one, whatever is asked for`, async () => {
      const library = await loadModule(build, 'optlab', 4);
      assert.equal(library.setThreads(4), 1);
      assert.equal(product(library, 64, 64, 64, 'simd_threads').length, 64 * 64);
    });
  }
});
