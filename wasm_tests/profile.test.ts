// What JavaScript sees of profiling, in each of the four WebAssembly builds: the cache simulator, the work of layers, figures of memory.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { recordsOf } from '#lab/rows.ts';
import { isThreaded, kBuilds, type Library, loadModule } from './lib/library.ts';

const kLevels = [
  { size: 1024, line: 64, ways: 2 },
  { size: 8192, line: 64, ways: 8 },
];

/** Least recently used caches, as plainly as can be; misses by level and array. */
function missesOf(accesses: readonly { array: number; address: number }[]): number[][] {
  const caches = kLevels.map(({ size, line, ways }) => {
    const sets: number[][] = Array.from({ length: size / line / ways }, () => []);
    return { sets, line, ways, misses: [0, 0, 0] };
  });
  for (const { array, address } of accesses) {
    for (const { sets, line, ways, misses } of caches) {
      const number = Math.floor(address / line);
      const set = sets[number % sets.length]!;
      const at = set.indexOf(number);
      if (at >= 0) set.splice(at, 1);
      set.unshift(number);
      if (at >= 0) break;
      misses[array]!++;
      set.length = Math.min(set.length, ways);
    }
  }
  return caches.map(({ misses }) => misses);
}

for (const build of kBuilds) {
  describe(`profiling in the ${build} build`, () => {
    let library: Library;
    before(async () => {
      library = await loadModule(build, 'optlab', 2);
      library.setThreads(isThreaded(build) ? 2 : 1);
    });
    const kNumbers = Int32Array.from(kLevels.flatMap(({ size, line, ways }) => [size, line, ways]));
    const simulate = (nest = 'matmul_ijk', n = 24, padding = 0, levels = kNumbers) =>
      new library.CacheSimulation(nest, n, 8, padding, levels);
    const counted = (simulation: ReturnType<typeof simulate>) =>
      recordsOf(simulation.counters()).filter(({ reads, writes }) => reads + writes > 0);
    const refuses = (message: RegExp, call: () => unknown) => {
      assert.throws(call, (error) => error instanceof RangeError && message.test(error.message));
    };

    it('lists loop nests with their source', () => {
      const nests = library.cacheNests();
      const ijk = nests.find(({ name }) => name === 'matmul_ijk')!;
      assert.equal(ijk.arrays, 'A B C');
      assert.equal(ijk.variables, 'i j k');
      assert.equal(ijk.code.split('\n')[4], '      sum += A[i][k] * B[k][j];');
      for (const { name, idea, code } of nests) assert.ok(idea.length > 10 && code.split('\n').length >= 3, name);
    });

    it('steps through a nest as its loops do', () => {
      const n = 24;
      const simulation = simulate('matmul_ijk', n, 1);
      const expected: number[][] = [];
      for (let i = 0; i < n; ++i) {
        for (let j = 0; j < n; ++j) {
          for (let k = 0; k < n; ++k) expected.push([0, i, k, 0, 4], [1, k, j, 0, 4]);
          expected.push([2, i, j, 1, 5]);
        }
      }
      assert.equal(simulation.total(), expected.length);
      const accesses: { array: number; address: number }[] = [];
      for (let at = 0, count = 1; at < expected.length; at += count, count = 1000) {
        for (const [i, step] of recordsOf(simulation.step(count)).entries()) {
          const { array, row, column, write, sourceLine, level } = step;
          assert.deepEqual([array, row, column, write, sourceLine], expected[at + i], `access ${at + i}`);
          assert.ok(level >= 0 && level <= 2);
          accesses.push({ array, address: simulation.address(array) + 4 * (row * (n + 1) + column) });
        }
      }
      assert.equal(simulation.done(), expected.length);
      assert.equal(simulation.step(5).values.length, 0);

      const counters = counted(simulation);
      for (const [level, misses] of missesOf(accesses).entries()) {
        for (const [array, count] of misses.entries()) {
          const of = counters.filter((c) => c.level === level && c.array === array);
          assert.equal(
            of.reduce((sum, c) => sum + c.readMisses + c.writeMisses, 0),
            count,
            `level ${level}, array ${array}`,
          );
          assert.ok(of.length === 1 && of[0]!.sourceLine === (array === 2 ? 5 : 4));
        }
      }
      simulation.delete();
    });

    it('runs in pieces as at once, and again', () => {
      const [pieces, whole] = [simulate('transpose_blocked'), simulate('transpose_blocked')];
      let done = 0;
      for (let count = pieces.run(100); count > 0; count = pieces.run(100)) done += count;
      assert.equal(done, 2 * 24 * 24);
      assert.equal(whole.run(2 ** 31 - 1), done);
      assert.deepEqual(pieces.counters(), whole.counters());
      const all = counted(whole).filter(({ level }) => level === 0);
      assert.equal(
        all.reduce((sum, { reads, writes }) => sum + reads + writes, 0),
        done,
      );
      const contents = whole.contents(0);
      assert.equal(contents.length, 16);
      assert.ok(contents.every((line) => line >= 0));
      whole.restart();
      assert.deepEqual(counted(whole), []);
      assert.ok(whole.contents(1).every((line) => line === -1));
      whole.run(2 ** 31 - 1);
      assert.deepEqual(whole.contents(0), contents);
      pieces.delete();
      whole.delete();
    });

    it('counts the work of layers', () => {
      const linear = library.layerWork('linear', { rows: 32, inputs: 784, outputs: 128 });
      assert.equal(linear.flops, 32 * 128 * (2 * 784 + 1));
      assert.equal(linear.bytesRead, 4 * (32 * 784 + 784 * 128 + 128));
      assert.equal(linear.bytesWritten, 4 * 32 * 128);
      const conv = { height: 8, width: 9, channels: 4, outputs: 6, kernelHeight: 3, kernelWidth: 3, bias: false };
      assert.equal(library.layerWork('conv2d', conv).flops, 2 * 6 * 7 * 6 * 36);
      assert.equal(
        library.layerWork('conv2d', { ...conv, padding: 1, groups: 2, batch: 3 }).flops,
        3 * 2 * 72 * 6 * 18,
      );
      const heads = { queries: 4, keys: 4, heads: 2, size: 8 };
      assert.equal(library.layerWork('attention', heads).functions, 2 * 16);
      assert.equal(library.layerWork('attention', { ...heads, causal: true }).functions, 2 * 10);
      const softmax = library.layerWork('softmax', { rows: 2, columns: 5 });
      assert.deepEqual([softmax.comparisons, softmax.functions, softmax.additions], [10, 10, 20 + 30]);
    });

    it('refuses what cannot be', () => {
      refuses(/no loop nest "matmul".*matmul_ijk/, () => simulate('matmul'));
      refuses(/n is 0/, () => simulate('transpose', 0));
      refuses(/n is 2.5.*whole number/, () => simulate('transpose', 2.5));
      refuses(/padding is -1/, () => simulate('transpose', 24, -1));
      const levels = (...numbers: number[]) => {
        return () => simulate('transpose', 8, 0, Int32Array.from(numbers));
      };
      refuses(/0 levels/, levels());
      refuses(/4 numbers of caches/, levels(1024, 64, 2, 1024));
      refuses(/12 numbers of caches/, levels(64, 64, 1, 64, 64, 1, 64, 64, 1, 64, 64, 1));
      refuses(/level 1, 1000 bytes in sets of 2 lines of 64 bytes: the number of sets/, levels(1000, 64, 2));
      refuses(/n is 1025; 1024 is the most/, () => simulate('transpose', 1025));
      const simulation = simulate();
      refuses(/count is nan/, () => simulation.step(NaN));
      refuses(/no level 2 of 2/, () => simulation.contents(2));
      refuses(/array is 3/, () => simulation.address(3));
      simulation.delete();
      refuses(/no layer "lstm"/, () => library.layerWork('lstm' as 'linear', {}));
      refuses(/rows is nan/, () => library.layerWork('linear', { inputs: 1, outputs: 1 }));
      refuses(/Conv2d: 2 groups don't divide 3/, () =>
        library.layerWork('conv2d', {
          height: 4,
          width: 4,
          channels: 3,
          outputs: 2,
          kernelHeight: 1,
          kernelWidth: 1,
          groups: 2,
        }),
      );
    });

    it('reports the memory that tensors really take', () => {
      const start = library.memoryFigures();
      const heap = library.memoryInUse();
      const tensor = new library.Tensor(300, 1000);
      const now = library.memoryFigures();
      assert.equal(now.current - start.current, 1_200_000);
      assert.equal(now.allocations - start.allocations, 1);
      const taken = library.memoryInUse() - heap; // with the heap's own headers and the alignment
      assert.ok(taken >= 1_200_000 && taken < 1_200_000 + 1024, `${taken} bytes of heap`);
      tensor.delete();
      assert.equal(library.memoryFigures().current, start.current);
      assert.ok(library.memoryFigures().peak >= start.current + 1_200_000);
      library.resetMemoryPeak();
      assert.equal(library.memoryFigures().peak, start.current);
    });

    it('loses no memory', () => {
      const cycle = () => {
        const simulation = simulate('matmul_blocked');
        simulation.step(500);
        simulation.counters();
        simulation.contents(1);
        simulation.delete();
        library.cacheNests();
        assert.throws(() => simulate('transpose', 8, 0, Int32Array.of(1, 2)), RangeError);
        library.layerWork('relu', { elements: 5 });
        assert.throws(() => simulate('matmul'), RangeError);
        assert.throws(() => simulate('transpose', 0), RangeError);
        assert.throws(() => library.layerWork('relu', { elements: -5 }), RangeError);
      };
      for (let i = 0; i < 3; ++i) cycle();
      const before = library.memoryInUse();
      for (let i = 0; i < 200; ++i) cycle();
      assert.equal(library.memoryInUse(), before);
    });
  });
}
