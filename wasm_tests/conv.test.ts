// What JavaScript sees of convolution, in each of the four WebAssembly builds.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { isThreaded, kBuilds, loadModule, type Peers } from './lib/library.ts';
import { convolveInOrder, randomValues, type ConvShape } from './lib/reference.ts';

const shape = (change: Partial<ConvShape> = {}): ConvShape => ({
  height: 9,
  width: 11,
  channels: 3,
  outputs: 10,
  kernelHeight: 3,
  kernelWidth: 3,
  stride: 1,
  padding: 1,
  dilation: 1,
  groups: 1,
  ...change,
});

const kShapes = [
  shape(),
  shape({ stride: 2, padding: 3 }),
  shape({ channels: 6, outputs: 34, dilation: 2, groups: 2 }),
  shape({ channels: 37, outputs: 33, kernelHeight: 1, kernelWidth: 1, padding: 0 }),
  shape({ channels: 13, outputs: 26, groups: 13 }),
];

const weightsOf = (s: ConvShape) =>
  randomValues(s.kernelHeight * s.kernelWidth * (s.channels / s.groups) * s.outputs, 2);
const kNone = new Float32Array();

for (const build of kBuilds) {
  describe(`convolution in the ${build} build`, () => {
    let library: Peers;
    before(async () => {
      library = await loadModule(build, 'peers', 2);
      library.setThreads(isThreaded(build) ? 2 : 1);
    });

    /** The output of one layer, as a copy; null if the variant doesn't apply. */
    function convolved(s: ConvShape, variant: string, bias: Float32Array): Float32Array | null {
      let layer;
      try {
        layer = new library.Convolution(s, weightsOf(s), bias, variant);
      } catch (error) {
        assert.match(String(error), /does not apply/);
        return null;
      }
      layer.input().set(randomValues(s.height * s.width * s.channels, 1));
      layer.run();
      const output = layer.output().slice();
      layer.delete();
      return output;
    }

    it('lists the ladder', () => {
      const names = library.convVariants().map(({ name }) => name);
      assert.equal(names[0], 'naive');
      for (const name of ['direct', 'im2col', 'implicit', 'implicit_threads', 'pointwise', 'depthwise', 'winograd']) {
        assert.ok(names.includes(name), name);
      }
      assert.equal(names.includes('implicit_relaxed'), build.startsWith('relaxed'));
    });

    it('gives the bits of plain loops by every exact rung, and about the same by the others', () => {
      for (const s of kShapes) {
        const bias = randomValues(s.outputs, 3);
        const want = convolveInOrder(randomValues(s.height * s.width * s.channels, 1), weightsOf(s), bias, s);
        let rungs = 0;
        for (const { name, mode } of [
          ...library.convVariants(),
          { name: 'exact', mode: 'exact' },
          { name: 'fast', mode: 'fast' },
        ]) {
          const got = convolved(s, name, bias);
          if (got === null) continue;
          ++rungs;
          if (mode === 'exact') assert.deepEqual(got, want.output, name);
          got.forEach((value, i) => {
            const bound = 1e-5 * (want.magnitude[i]! + 10);
            assert.ok(Math.abs(value - want.output[i]!) <= bound, `${name}, element ${i}: ${value}`);
          });
        }
        assert.ok(rungs >= 7, `${rungs} rungs`);
      }
    });

    it('refuses what cannot be', () => {
      const make = (s: ConvShape, weights = weightsOf(s), bias = kNone, variant = 'exact') => {
        return () => new library.Convolution(s, weights, bias, variant);
      };
      const refuses = (message: RegExp, call: () => unknown) => {
        assert.throws(call, (error) => error instanceof RangeError && message.test(error.message));
      };
      refuses(/stride is 0/, make(shape({ stride: 0 })));
      refuses(/width is 2.5.*whole number/, make(shape({ width: 2.5 }), kNone));
      refuses(/dilation is nan.*whole number/, make({ ...shape(), dilation: undefined as unknown as number }));
      refuses(/2 groups don't divide 3 channels/, make(shape({ groups: 2 }), kNone));
      refuses(/the input.*more than 2147483647/, make(shape({ height: 65536, width: 65536 })));
      refuses(/5 weights.*wants 270/, make(shape(), new Float32Array(5)));
      refuses(/3 biases for 10 outputs/, make(shape(), undefined, new Float32Array(3)));
      refuses(/no variant "turbo".*naive, direct/, make(shape(), undefined, undefined, 'turbo'));
      refuses(/pointwise does not apply/, make(shape(), undefined, undefined, 'pointwise'));
    });

    it('loses no memory, and shows none after delete', () => {
      const cycle = () => {
        convolved(shape(), 'exact', kNone);
        assert.throws(() => new library.Convolution(shape({ groups: 7 }), kNone, kNone, 'fast'), RangeError);
      };
      for (let i = 0; i < 3; ++i) cycle();
      const before = library.memoryInUse();
      for (let i = 0; i < 300; ++i) cycle();
      assert.equal(library.memoryInUse(), before);
      const layer = new library.Convolution(shape(), weightsOf(shape()), kNone, 'exact');
      assert.match(layer.variant(), /^implicit/);
      assert.ok(layer.packedBytes() >= 4 * 270);
      layer.delete();
      assert.throws(() => layer.run(), /deleted/);
    });
  });
}
