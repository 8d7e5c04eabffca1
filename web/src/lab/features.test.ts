import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startWithFallback } from './engine.ts';
import { chooseBuild, type BuildChoice, type Features } from './features.ts';

const kAll: Features = { simd: true, relaxedSimd: true, threads: true, sharedMemory: true, isolated: true, cores: 4 };

describe('chooseBuild', () => {
  it('takes the most that the browser has', () => {
    assert.equal(chooseBuild(kAll).build, 'relaxed-threads');
    assert.equal(chooseBuild(kAll).threads, 4);
    assert.equal(chooseBuild({ ...kAll, relaxedSimd: false }).build, 'simd-threads');
    assert.equal(chooseBuild({ ...kAll, cores: 64 }).threads, 8);
  });

  it('runs single-threaded without shared memory and says what is missing', () => {
    const cases: [Partial<Features>, RegExp][] = [
      [{ isolated: false }, /not cross-origin isolated/],
      [{ sharedMemory: false }, /SharedArrayBuffer switched off/],
      [{ threads: false }, /cannot share WebAssembly memory/],
      [{ cores: 1 }, /single core/],
    ];
    for (const [change, why] of cases) {
      const choice = chooseBuild({ ...kAll, ...change });
      assert.equal(choice.build, 'relaxed');
      assert.equal(choice.threads, 1);
      assert.match(choice.why, why);
    }
  });

  it('refuses a browser without SIMD, naming versions that have it', () => {
    assert.throws(() => chooseBuild({ ...kAll, simd: false }), {
      name: 'UnsupportedError',
      message: /Safari from 16\.4/,
    });
  });
});

describe('startWithFallback', () => {
  const choice = chooseBuild(kAll);

  it('tries twice, then without threads, and says so', async () => {
    const tried: string[] = [];
    const started = await startWithFallback(choice, async (candidate: BuildChoice) => {
      tried.push(candidate.build);
      if (candidate.threads > 1) throw new Error('it did not start within 8 s');
      return 'up';
    });
    assert.deepEqual(tried, ['relaxed-threads', 'relaxed-threads', 'relaxed']);
    assert.equal(started.choice.build, 'relaxed');
    assert.match(started.choice.why, /did not start \(it did not start within 8 s\), so everything runs in one thread/);
  });

  it('stays threaded when the second try works', async () => {
    let tries = 0;
    const started = await startWithFallback(choice, async () => {
      if (++tries === 1) throw new Error('hung');
      return tries;
    });
    assert.equal(started.result, 2);
    assert.equal(started.choice, choice);
  });

  it('throws when nothing starts', async () => {
    const fail = () => Promise.reject(new Error('no file'));
    await assert.rejects(startWithFallback(choice, fail), /no file/);
    await assert.rejects(startWithFallback(chooseBuild({ ...kAll, isolated: false }), fail), /no file/);
  });
});
