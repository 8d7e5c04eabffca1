// Attention as JavaScript sees it: each of the four WebAssembly builds, loaded by Node.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { BuildName } from '#lab/types.ts';
import { isThreaded, kBuilds, loadModule, type Peers, type Tensor } from './lib/library.ts';
import { randomValues } from './lib/reference.ts';

const kExactRungs = ['naive', 'simd', 'simd_threads'];
const kFastRungs = ['flash', 'flash_threads'];

/** Of the race below; also what the native build computes (src/attention/attention_race_test.cpp). */
const kRaceDigest = 'b9b41826aa41508c';

const kCausal = { heads: 4, keyHeads: 2, causal: true, firstQuery: 0, window: 0 };

/** The equation in double precision: O[T,H·D] for Q[T,H·D], K and V[S,G·D], query t at position t. */
function attendInDoubles(q: Float32Array, k: Float32Array, v: Float32Array, T: number, S: number, D: number): number[] {
  const { heads: H, keyHeads: G } = kCausal;
  const out: number[] = [];
  for (let t = 0; t < T; ++t) {
    for (let h = 0; h < H; ++h) {
      const g = Math.floor(h / (H / G));
      const weights = Array.from({ length: Math.min(t + 1, S) }, (_, s) => {
        let score = 0;
        for (let d = 0; d < D; ++d) score += q[(t * H + h) * D + d]! * k[(s * G + g) * D + d]!;
        return Math.exp(score / Math.sqrt(D));
      });
      const sum = weights.reduce((a, b) => a + b, 0);
      for (let d = 0; d < D; ++d) {
        out.push(weights.reduce((total, weight, s) => total + weight * v[(s * G + g) * D + d]!, 0) / sum);
      }
    }
  }
  return out;
}

function describeBuild(build: BuildName): void {
  let library: Peers;
  before(async () => {
    library = await loadModule(build, 'peers', 2);
    library.setThreads(isThreaded(build) ? 2 : 1);
  });

  const filled = (rows: number, columns: number, seed: number): Tensor => {
    const tensor = new library.Tensor(rows, columns);
    tensor.view().set(randomValues(rows * columns, seed));
    return tensor;
  };

  it('lists the ladder', () => {
    const variants = library.attentionVariants();
    assert.deepEqual(
      variants.map(({ name }) => name),
      [...kExactRungs, ...kFastRungs],
    );
    for (const { name, idea, isa, mode, threaded, supported } of variants) {
      assert.equal(mode, kFastRungs.includes(name) ? 'fast' : 'exact', name);
      assert.equal(threaded, name.endsWith('_threads'), name);
      assert.ok(supported && idea.length > 5, name);
      if (name === 'flash') assert.equal(isa, build.startsWith('relaxed') ? 'wasm128+relaxed' : 'wasm128');
    }
  });

  it('computes the equation by every rung, all exact rungs the same bits', () => {
    const [T, S, D] = [37, 37, 20];
    const [q, k, v] = [filled(T, 4 * D, 1), filled(S, 2 * D, 2), filled(S, 2 * D, 3)];
    const out = new library.Tensor(T, 4 * D);
    const want = attendInDoubles(q.view(), k.view(), v.view(), T, S, D);
    let exact: Float32Array | undefined;
    for (const name of ['', ...kExactRungs, ...kFastRungs]) {
      library.attend(q, k, v, out, kCausal, name);
      const got = out.view().slice();
      got.forEach((value, i) => assert.ok(Math.abs(value - want[i]!) < 1e-6, `${name}, element ${i}: ${value}`));
      if (kFastRungs.includes(name)) continue;
      exact ??= got;
      assert.deepEqual(got, exact, name);
    }
    for (const tensor of [q, k, v, out]) tensor.delete();
  });

  it('takes a query at its position', () => {
    const [q, k, v] = [filled(1, 80, 4), filled(9, 40, 5), filled(9, 40, 6)];
    const out = new library.Tensor(1, 80);
    library.attend(q, k, v, out, { ...kCausal, firstQuery: 0 }, '');
    // It sees key 0 alone: the result is that key's value, for both query heads of a key head.
    const [got, first] = [out.view().slice(), v.view().slice(0, 40)];
    for (let i = 0; i < 80; ++i) assert.equal(got[i], first[Math.floor(i / 40) * 20 + (i % 20)], `element ${i}`);
    library.attend(q, k, v, out, { ...kCausal, firstQuery: 8, window: 1 }, '');
    const last = v.view().slice(320);
    out.view().forEach((value, i) => assert.equal(value, last[Math.floor(i / 40) * 20 + (i % 20)], `element ${i}`));
    for (const tensor of [q, k, v, out]) tensor.delete();
  });

  it('takes keys packed beforehand, and gives the same bits', () => {
    const [q, k, v] = [filled(1, 80, 4), filled(37, 40, 5), filled(37, 40, 6)];
    const [want, got] = [new library.Tensor(1, 80), new library.Tensor(1, 80)];
    const packed = new library.PackedKeys(k, 2);
    const settings = { ...kCausal, firstQuery: 36 };
    for (const name of ['', ...kExactRungs.slice(1), ...kFastRungs]) {
      library.attend(q, k, v, want, settings, name);
      library.attendPacked(q, packed, v, got, settings, name);
      assert.deepEqual(got.view(), want.view(), name);
    }
    assert.throws(() => library.attendPacked(q, packed, v, v, settings, ''), /same tensor as Q or V/);
    assert.throws(() => new library.PackedKeys(k, 3), /columns must be heads times D/);
    for (const handle of [q, k, v, want, got, packed]) handle.delete();
  });

  it('races every rung, exact rungs to one digest', () => {
    const race = new library.AttentionRace(40, 40, 4, 2, 24, true, [], 0.1);
    for (let steps = 0; race.step() && steps < 100_000; ++steps);
    assert.equal(race.progress(), 1);
    const lanes = race.lanes();
    assert.deepEqual(
      lanes.map(({ name }) => name),
      [...kExactRungs, ...kFastRungs],
    );
    lanes.forEach(({ name, flops, statistics }, i) => {
      assert.equal(flops, 4 * 24 * 4 * 820, name);
      assert.ok(statistics && statistics.median > 0 && race.samples(i).length > 0, name);
      if (kExactRungs.includes(name)) assert.equal(race.digest(i), kRaceDigest, name);
    });
    race.delete();
  });

  it('refuses bad arguments, naming them', () => {
    const refuses = (message: RegExp, call: () => unknown) =>
      assert.throws(call, (error: unknown) => error instanceof RangeError && message.test(error.message));
    const [q, k] = [new library.Tensor(3, 80), new library.Tensor(5, 40)];
    const out = new library.Tensor(3, 80);
    const attend = (changed: object, name = '') => library.attend(q, k, k, out, { ...kCausal, ...changed }, name);
    refuses(/Q is \[3,80\] for 3 heads; its columns must be heads times D/, () => attend({ heads: 3 }));
    refuses(/G must divide H|want Q\[T,H,D\]/, () => attend({ keyHeads: 4 }));
    refuses(/heads is 2\.5.*whole number/, () => attend({ heads: 2.5 }));
    refuses(/first_query is -1/, () => attend({ firstQuery: -1 }));
    refuses(/a window needs a causal mask/, () => attend({ causal: false, window: 3 }));
    refuses(/"warp" here; there are naive, simd/, () => attend({}, 'warp'));
    refuses(/O is the same tensor/, () => library.attend(q, k, k, q, kCausal, ''));
    refuses(/T, S, H, G, D are \[5,4,2,2,8\]/, () => new library.AttentionRace(5, 4, 2, 2, 8, true, [], 1));
    refuses(/seconds/, () => new library.AttentionRace(4, 4, 2, 2, 8, true, [], 0));
    refuses(/T is NaN|whole number/, () => new library.AttentionRace(NaN, 4, 2, 2, 8, true, [], 1));
    for (const tensor of [q, k, out]) tensor.delete();
  });

  it('loses no memory in 1,000 races', () => {
    const cycle = () => {
      const race = new library.AttentionRace(3, 20, 4, 2, 8, true, ['naive', 'simd'], 0.01);
      race.step();
      race.lanes();
      race.delete();
    };
    for (let i = 0; i < 3; ++i) cycle();
    const before = library.memoryInUse();
    for (let i = 0; i < 1000; ++i) cycle();
    assert.equal(library.memoryInUse() - before, 0);
  });
}

for (const build of kBuilds) describe(`attention in the ${build} build`, () => describeBuild(build));
