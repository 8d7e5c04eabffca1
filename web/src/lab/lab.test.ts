import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  type TuneReport,
  blockingLabel,
  gainOf,
  parseBlocking,
  sameBlocking,
  signedPercent,
  sizeOf,
  tuningVerdict,
} from './blocking.ts';
import { gunzip, parseIdx, verify } from './data.ts';
import { startWithFallback } from './engine.ts';
import { countOf, countRight, median, pagePosition, percent } from './fashion.ts';
import { chooseBuild, type BuildChoice, type Features } from './features.ts';
import { byteSize, computePeak, duration, highestPeak, rungColor, threeDigits } from './format.ts';
import { browserName, raceRecord } from './export.ts';
import {
  type RaceReport,
  activity,
  isUnsteady,
  laneAtWork,
  nearestFactor,
  parseShape,
  ranking,
  shapeLabel,
  slowRungs,
  tiedWith,
} from './race.ts';
import { axesFor, decadeTicks, isUnsteadyProbe, logPosition } from './roofline.ts';
import type { Lane, Peak, VariantInfo } from './types.ts';
import { readSettings, writeSettings } from './url-state.ts';

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

describe('data', () => {
  const idx = Uint8Array.from([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);
  const file = { path: 'x.idx', bytes: idx.length, sha256: createHash('sha256').update(idx).digest('hex') };

  it('reads IDX files', () => {
    const { shape, data } = parseIdx(idx, 2, 'x.idx');
    assert.deepEqual(shape, [2, 3]);
    assert.deepEqual([...data], [1, 2, 3, 4, 5, 6]);
  });

  it('names what is wrong with an IDX file', () => {
    const error = (bytes: Uint8Array, message: RegExp) =>
      assert.throws(() => parseIdx(bytes, 2, 'x.idx'), { name: 'DataError', message });
    error(idx.subarray(0, 9), /x\.idx ends inside its header/);
    error(idx.subarray(0, 17), /declares 2×3 = 6 bytes but holds 5/);
    error(idx.with(3, 3), /starts with 0x00000803/);
    error(idx.with(4, 255).with(8, 255), /declares 4278190082×4278190083/);
  });

  it('checks size and hash', async () => {
    await verify(idx, file);
    await assert.rejects(verify(idx.with(12, 9), file), { name: 'DataError', message: /x\.idx is corrupted/ });
    await assert.rejects(verify(idx.subarray(1), file), { name: 'DataError', message: /17 bytes instead of 18/ });
  });

  it('uncompresses, refuses damage and bombs', async () => {
    const packed = new Uint8Array(gzipSync(idx));
    assert.deepEqual(await gunzip(packed, 'x.gz', 100), idx);
    await assert.rejects(gunzip(packed.subarray(0, 20), 'x.gz', 100), {
      name: 'DataError',
      message: /x\.gz is not a sound gzip file/,
    });
    await assert.rejects(gunzip(new Uint8Array(gzipSync(new Uint8Array(1000))), 'x.gz', 100), /more than 100 bytes/);
  });
});

describe('url settings', () => {
  it('survive a round trip beside other parameters', () => {
    const search = writeSettings('?q=a%20b&race=size:1', 'race', { size: '64x784x256', rungs: 'naive,simd' });
    assert.equal(search, '?q=a+b&race=size:64x784x256;rungs:naive,simd');
    assert.deepEqual(readSettings(search, 'race'), { size: '64x784x256', rungs: 'naive,simd' });
    assert.equal(writeSettings('?race=x:1', 'race', {}), '');
  });

  it('leave those of other experiments readable', () => {
    const search = writeSettings('?race=size:1x2x3;rungs:naive,simd', 'classify', { threads: '2' });
    assert.equal(search, '?race=size:1x2x3;rungs:naive,simd&classify=threads:2');
  });

  it('ignore what is broken', () => {
    assert.deepEqual(readSettings('?race=;;nonsense;a:;:b', 'race'), { a: '' });
    assert.deepEqual(readSettings('', 'race'), {});
  });
});

describe('figures', () => {
  it('are written with three digits', () => {
    assert.deepEqual([0, 0.0912, 0.912, 8.314, 47.19, 131.2, 2048].map(threeDigits), [
      '0',
      '0.0912',
      '0.912',
      '8.31',
      '47.2',
      '131',
      '2048',
    ]);
    assert.deepEqual([2.5, 0.0123, 4.2e-6].map(duration), ['2.50 s', '12.3 ms', '4.20 µs']);
    assert.deepEqual([512, 65536, 3 << 19].map(byteSize), ['512 B', '64 KiB', '1.50 MiB']);
  });

  it('median, accuracy and position', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(countRight(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 0, 3)), 2);
    assert.equal(`${countOf(1817, 2000)} right (${percent(1817 / 2000)})`, '1,817 of 2,000 right (90.85 %)');
    assert.equal(pagePosition(0, 36, 2000), '1–36 of 2,000');
    assert.equal(pagePosition(55, 36, 2000), '1,981–2,000 of 2,000');
    assert.equal(pagePosition(0, 36, 0), 'none');
  });

  it('take the limit of the same instruction set and threads', () => {
    const peak = (name: string, threads: number, value: number): Peak => ({
      name,
      kind: 'compute',
      threads,
      fused: false,
      value,
      bytes: 0,
    });
    const peaks = [peak('wasm128', 1, 30), peak('wasm128+relaxed', 1, 40), peak('wasm128', 2, 80)];
    assert.equal(computePeak(peaks, 'wasm128', 1)?.value, 30);
    assert.equal(computePeak(peaks, 'wasm128', 2)?.value, 80);
    assert.equal(computePeak(peaks, 'scalar', 1), null);
    assert.equal(highestPeak(peaks)?.value, 80);
    assert.equal(highestPeak([]), null);
    const integers = { ...peak('wasm128 int8 wide', 1, 90), kind: 'integer' as const };
    assert.equal(computePeak([...peaks, integers], 'wasm128 int8 wide', 1)?.value, 90);
    assert.equal(highestPeak([...peaks, integers])?.value, 80);
    assert.equal(computePeak([{ ...integers, kind: 'memory' }], 'wasm128 int8 wide', 1), null);
  });

  it('have one colour per variant and a shade of it for the prepacked rung', () => {
    const variant = (name: string): VariantInfo => ({
      name,
      idea: '',
      isa: '',
      mode: 'exact',
      threaded: false,
      prepacked: name.endsWith('_prepacked'),
      supported: true,
    });
    const names = ['naive', 'simd', 'simd_prepacked', 'simd_threads'];
    const colors = names.map((name) => rungColor(names.map(variant), name));
    assert.deepEqual([colors[0], colors[1], colors[3]], ['var(--lab-1)', 'var(--lab-2)', 'var(--lab-3)']);
    assert.match(colors[2]!, /^color-mix\(.*var\(--lab-2\)/);
    const int8 = ['int8_wide', 'int8_dot'].map((name) => ({
      ...variant(name),
      mode: 'int8' as const,
      prepacked: true,
    }));
    const shades = int8.map(({ name }) => rungColor([...names.map(variant), ...int8], name));
    assert.match(shades[0]!, /var\(--lab-int8\) 100%/);
    assert.match(shades[1]!, /var\(--lab-int8\) 75%/);
    const many = Array.from({ length: 9 }, (_, i) => variant(`v${i}`));
    assert.equal(rungColor(many, 'v8'), 'var(--lab-1)', 'there are eight');
  });

  it('span everything that is drawn', () => {
    const peaks: Peak[] = [
      { name: 'c', kind: 'compute', threads: 1, fused: false, value: 4e10, bytes: 0 },
      { name: 'm', kind: 'memory', threads: 1, fused: false, value: 1e10, bytes: 1 << 28 },
    ];
    const { x, y } = axesFor(peaks, [{ name: 'naive', intensity: 170, rate: 1e9, low: 9e8, high: 1.1e9 }]);
    assert.ok(x.min <= 0.25 && x.max >= 170 && y.min < 9e8 && y.max > 4e10);
    assert.equal(logPosition({ min: 1, max: 100 }, 10), 0.5);
    assert.deepEqual(decadeTicks({ min: 1, max: 20 }), [1, 2, 5, 10, 20]);
  });
});

describe('a probe', () => {
  const peak = (kind: Peak['kind'], threads: number, value: number): Peak => ({
    name: kind,
    kind,
    threads,
    fused: false,
    value,
    bytes: 0,
  });
  const lanes = (settled: boolean[]): Lane[] =>
    settled.map((is) => ({ name: '', flops: 1, bytes: 1, settled: is, discarded: 0, statistics: null }));
  const report = (peaks: Peak[], settled = [true]) => ({
    peaks,
    lanes: lanes(settled),
    progress: 1,
    done: true,
    stopped: false,
  });

  it('is unsteady when all threads are slower than one', () => {
    const steady = [peak('compute', 1, 30), peak('compute', 2, 58), peak('memory', 1, 20), peak('memory', 2, 19)];
    assert.equal(isUnsteadyProbe(report(steady)), false);
    assert.equal(isUnsteadyProbe(report(steady.with(1, peak('compute', 2, 29)))), true);
    assert.equal(isUnsteadyProbe(report(steady.with(3, peak('memory', 2, 15)))), true);
  });

  it('is unsteady when fewer than half of the lanes settled, unless it was stopped', () => {
    assert.equal(isUnsteadyProbe(report([], [true, false])), false);
    assert.equal(isUnsteadyProbe(report([], [true, false, false])), true);
    assert.equal(isUnsteadyProbe({ ...report([], [false]), stopped: true }), false);
  });
});

describe('a race of block sizes', () => {
  const lane = (name: string, gigaflops: number): Lane => {
    const median = (2 * 0.768 ** 3) / gigaflops;
    const range = { mad: 0, low: median, high: median };
    const statistics = { count: 9, median, mean: median, min: median, max: median, p5: median, p95: median, ...range };
    const settled = { settled: true, discarded: 0, statistics: { ...statistics, intervalIsRange: false } };
    return { name, flops: 2 * 768 ** 3, bytes: 12 * 768 ** 2, ...settled };
  };
  const kDefault = { depth: 512, rows: 48, columns: 512 };
  const report = (change: Partial<TuneReport>): TuneReport => ({
    lanes: [lane('512/48/512', 50), lane('256/96/1024', 52.5)],
    best: { depth: 256, rows: 96, columns: 1024 },
    threads: 2,
    progress: 1,
    done: true,
    stopped: false,
    ...change,
  });

  it('reads and writes block sizes', () => {
    assert.deepEqual(parseBlocking('512/48/512'), kDefault);
    for (const bad of ['', '512/48', '512/48/512/1', 'a/b/c', '-1/2/3']) assert.equal(parseBlocking(bad), null, bad);
    assert.equal(blockingLabel(kDefault), '512\u00a0×\u00a048\u00a0×\u00a0512');
    assert.ok(sameBlocking(kDefault, { ...kDefault }));
    assert.ok(!sameBlocking(kDefault, { ...kDefault, rows: 96 }));
    assert.ok(!sameBlocking(null, null));
  });

  it('compares with the default', () => {
    const { lanes } = report({});
    assert.ok(Math.abs(gainOf(lanes[1]!, lanes)! - 0.05) < 1e-9);
    assert.equal(gainOf({ ...lanes[1]!, statistics: null }, lanes), null);
    assert.equal(sizeOf(lanes[0]!), 768);
    assert.deepEqual([0.0314, -0.004, 0, -0.0001].map(signedPercent), ['+3.1 %', '−0.4 %', '+0.0 %', '+0.0 %']);
  });

  it('says what was found and what is used', () => {
    const said = (change: Partial<TuneReport>) => tuningVerdict(report(change)).replaceAll('\u00a0', ' ');
    assert.match(said({}), /^256 × 96 × 1024 was 5\.0 % faster than the default\.$/);
    assert.match(said({ best: kDefault }), /^No other size was clearly faster than the default, 512 × 48 × 512:/);
    assert.match(said({ best: null, stopped: true }), /nothing was changed/);
  });
});

describe('a race', () => {
  const lane = (name: string, rate: number, spread: number): Lane => ({
    name,
    flops: 1e9,
    bytes: 1e6,
    settled: spread < 0.05,
    discarded: 0,
    statistics: {
      ...kNone,
      count: 9,
      median: 1e9 / rate,
      low: 1e9 / (rate * (1 + spread)),
      high: 1e9 / (rate * (1 - spread)),
    },
  });
  const kNone = {
    count: 0,
    median: 0,
    mean: 0,
    min: 0,
    max: 0,
    p5: 0,
    p95: 0,
    mad: 0,
    low: 0,
    high: 0,
    intervalIsRange: false,
  };
  const report = (lanes: Lane[]): RaceReport => ({
    options: { m: 1, k: 1, n: 1, variants: [], threads: 1, seconds: 1 },
    lanes,
    digests: [],
    blocking: { depth: 512, rows: 48, columns: 512 },
    memory: { scratch: 0, packed: 0 },
    progress: 1,
    atWork: null,
    done: true,
    stopped: false,
  });

  it('has a winner, and ties where intervals overlap', () => {
    const lanes = [
      lane('naive', 1e9, 0.01),
      lane('simd', 28e9, 0.1),
      lane('threads', 30e9, 0.01),
      { ...lane('none', 1, 0), statistics: null },
    ];
    const { first, winner, factor } = ranking(report(lanes));
    assert.equal(first?.name, 'naive');
    assert.equal(winner?.name, 'threads');
    assert.ok(Math.abs(factor - 30) < 1e-9);
    assert.deepEqual(tiedWith(lanes[2]!, lanes), ['simd']);
    assert.deepEqual(tiedWith(lanes[0]!, [lanes[0]!]), []);
    assert.equal(ranking(report([])).winner, null);
  });

  it('is unsteady when most lanes did not settle, unless it was stopped', () => {
    const wild = [lane('a', 1e9, 0.3), lane('b', 1e9, 0.3), lane('c', 1e9, 0.01)];
    assert.equal(isUnsteady(report(wild)), true);
    assert.equal(isUnsteady(report(wild.slice(1))), false);
    assert.equal(isUnsteady({ ...report(wild), stopped: true }), false);
  });

  it('knows which rung is at work', () => {
    const at = (counts: number[], discarded: number[], last = 0.02) =>
      laneAtWork(
        counts.map((count, i) => ({
          ...lane('x', 1e9, 0.01),
          discarded: discarded[i]!,
          statistics: count === 0 ? null : { ...kNone, count },
        })),
        last,
      );
    assert.equal(at([], []), null);
    assert.equal(at([0, 0, 0], [0, 0, 0]), 0);
    assert.equal(at([0, 0, 0], [3, 0, 0]), 0);
    assert.equal(at([0, 0, 0], [1, 0, 0], 3), 1, 'a slow call ends its warm-up');
    assert.equal(at([0, 0, 0], [1, 1, 1], 3), 0, 'after the last warm-up the first is measured');
    // Rounds of alternating direction: 0 1 2, 2 1 0, 0 …
    assert.deepEqual([at([1, 0, 0], [1, 1, 1]), at([1, 1, 1], [1, 1, 1]), at([2, 2, 2], [1, 1, 1])], [1, 2, 0]);
  });

  it('names a rung that is slow', () => {
    const slow = { ...lane('naive', 1e9, 0.01), flops: 3e9 };
    slow.statistics = { ...kNone, median: 3 };
    const running = { ...report([slow, lane('simd', 1e9, 0.01)]), atWork: 0 };
    assert.equal(activity(running), 'measuring naive, 3.00 s a call…');
    const fast = { ...lane('simd', 1e9, 0.01), statistics: { ...kNone, median: 0.01 } };
    assert.equal(activity({ ...running, lanes: [fast] }), 'measuring…');
    assert.equal(activity({ ...running, lanes: [{ ...slow, statistics: null }] }), 'measuring naive…');

    const variant = (name: string, isa: string): VariantInfo => ({
      name,
      isa,
      idea: '',
      mode: 'exact',
      threaded: false,
      prepacked: false,
      supported: true,
    });
    const variants = [variant('naive', 'scalar'), variant('reordered', 'scalar'), variant('simd', 'wasm128')];
    assert.deepEqual(slowRungs(2 * 512 ** 3, variants), []);
    assert.deepEqual(slowRungs(2 * 1024 ** 3, variants), ['naive', 'reordered']);
  });

  it('is exported with date, schema and no more of the browser than it takes', () => {
    const chrome =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';
    const safari =
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15';
    const names = [
      chrome,
      `${chrome} Edg/130.0.1`,
      chrome.replace('Chrome', 'HeadlessChrome'),
      safari,
      'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
      'curl/8.5',
    ].map(browserName);
    assert.deepEqual(names, ['Chrome 131', 'Edge 130', 'Chrome 131', 'Safari 17', 'Firefox 128', 'unknown']);
    const context = { recorded: new Date(0), page: 'p', userAgent: chrome, engine: undefined, peaks: [] };
    const text = JSON.stringify(raceRecord(report([]), context));
    assert.match(text, /"schema":1,"recorded":"1970-01-01T00:00:00.000Z","browser":"Chrome 131"/);
    assert.doesNotMatch(text, /Linux/);
  });

  it('reads shapes and compares guesses by ratio', () => {
    assert.deepEqual(parseShape('64x784x256'), { m: 64, k: 784, n: 256 });
    for (const bad of ['64x784', '64x784x256x1', '-1x2x3', '1e3x2x3', '123456x1x1', ''])
      assert.equal(parseShape(bad), null, bad);
    assert.deepEqual(['512x512x512', '1x1024x1024'].map(shapeLabel), ['512³', '1×1024×1024']);
    assert.equal(nearestFactor(31, [2, 5, 10, 20, 50, 100]), 20);
    assert.equal(nearestFactor(32, [2, 5, 10, 20, 50, 100]), 50);
  });
});
