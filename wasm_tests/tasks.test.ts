// The experiments' tasks with the real library, as the engine's worker runs them.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { ownFile } from '#lab/assets.ts';
import { kExactDecoder, kGreedy } from '#lab/generation.ts';
import timer from '../lessons/01-profiling/experiments/timer-demo/task.ts';
import tokensProfile from '../lessons/01-profiling/experiments/model-profiler/tokens.task.ts';
import tuner from '../lessons/02-acceleration/experiments/blocking-tuner/task.ts';
import classify from '../lessons/02-acceleration/experiments/image-classifier/task.ts';
import images from '../lessons/02-acceleration/experiments/image-classifier/images.task.ts';
import logits from '../lessons/02-acceleration/experiments/image-classifier/logits.task.ts';
import race from '../lessons/02-acceleration/experiments/kernel-race/task.ts';
import attention from '../lessons/03-memory/experiments/attention-map/task.ts';
import trace from '../lessons/03-memory/experiments/cache-time-machine/task.ts';
import size from '../lessons/03-memory/experiments/policy-explorer/size.task.ts';
import policy from '../lessons/03-memory/experiments/policy-explorer/task.ts';
import template from '../tools/lessons/templates/experiment/task.ts';
import generate, { type GenerateOptions } from '../lessons/03-memory/experiments/token-race/task.ts';
import { kRoot, loadModule, readLm, readTokenizer, type Library, type Lms, type Models } from './lib/library.ts';
import { Shelf } from '#lab/task.ts';
import { ask, placeOf, run } from './lib/tasks.ts';

describe('tasks by their paths', () => {
  const files = globSync('lessons/*/experiments/*/*task.ts', { cwd: kRoot });
  const sources = globSync(['lessons/*/experiments/**/*.ts', 'web/src/{kit,elements}/**/*.ts'], { cwd: kRoot })
    .filter((name) => !/task\.ts$|\.test\.ts$/.test(name))
    .map((name) => readFileSync(join(kRoot, name), 'utf8'))
    .join('\n');
  const pathOf = (file: string) => {
    const [, lesson, , tag, name] = file.split('/');
    return `${lesson}/${tag}${name === 'task.ts' ? '' : `/${name!.slice(0, -'.task.ts'.length)}`}`;
  };

  it('lead from each element to a task that is there', () => {
    const asked = [...sources.matchAll(/(?:engine\s*\.(?:run|ask)|this\.runTask)<typeof \w+>\(\s*'([^']+)'/g)].map(
      ([, path]) => path!,
    );
    assert.ok(asked.length >= 20, `${asked.length} paths`);
    const known = files.map(pathOf);
    assert.deepEqual(
      asked.filter((path) => !known.includes(path)),
      [],
    );
    assert.ok(files.every((file) => existsSync(join(kRoot, file))));
  });

  it('leave none that no element asks for', () => {
    const profiles = /01-profiling\/model-profiler\/(images|tokens)/; // named by what they read
    assert.deepEqual(
      files.map(pathOf).filter((path) => !profiles.test(path) && !sources.includes(`'${path}'`)),
      [],
    );
  });
});

describe('a text that decoders write', () => {
  let lms: Lms;
  before(async () => {
    lms = await loadModule('relaxed', 'lm');
  });
  const options: GenerateOptions = {
    ...{ model: 'lmTiny', tokenizer: 'tokenizer', prompt: 'Call me', count: 24, sampling: kGreedy, stopTexts: [] },
    threads: 1,
    lanes: [true, false].map((cached) => ({ name: cached ? 'with' : 'without', cached, decoder: kExactDecoder })),
  };

  it('is the same by each, and comes to the page token by token', async () => {
    const lengths: number[] = [];
    const report = await run(generate, lms, options, {
      onReport: ({ lanes }) => lengths.push(lanes.reduce((sum, { ids }) => sum + ids.length, 0)),
    });
    const [cached, without] = report.lanes;
    assert.deepEqual(cached!.ids, without!.ids);
    assert.equal(cached!.text, without!.text);
    assert.ok(cached!.text.length > 24);
    assert.deepEqual(
      [cached!.ids.length, cached!.seconds.length, cached!.bytes.length, cached!.stop],
      [24, 24, 24, 'count'],
    );
    assert.deepEqual(
      lengths,
      Array.from({ length: 49 }, (_, i) => i),
    );
  });

  it('may have no end: then its latest tokens are told, and the rest is counted', async () => {
    const decoder = { ...kExactDecoder, window: 16, sinks: 2, stream: true };
    const lanes = [{ name: 'stream', cached: true, decoder }];
    const whole = await run(generate, lms, { ...options, lanes, count: 100 });
    const seen: { dropped: number; ids: number[]; text: string }[] = [];
    await run(
      generate,
      lms,
      { ...options, lanes, count: 100, latest: 10 },
      { onReport: (report) => seen.push(structuredClone(report.lanes[0]!)) },
    );
    const { ids, text } = whole.lanes[0]!;
    assert.ok(seen.at(-1)!.dropped >= 80);
    for (const part of seen) {
      assert.ok(part.ids.length < 20);
      assert.deepEqual(part.ids, ids.slice(part.dropped, part.dropped + part.ids.length));
      assert.ok(text.includes(part.text));
    }
  });

  it('stops with what there is', async () => {
    const { lanes, stopped } = await run(generate, lms, options, { steps: 3 });
    assert.equal(lanes[0]!.ids.length + lanes[1]!.ids.length, 3);
    assert.ok(stopped);
  });

  it('is the same from files of the reader’s, and gives all memory back but for the model that is kept', async () => {
    const own = (name: string, bytes: Uint8Array) => ownFile(name, new Blob([bytes as Uint8Array<ArrayBuffer>]));
    const place = placeOf();
    const write = (model: GenerateOptions['model'], tokenizer: GenerateOptions['tokenizer']) =>
      run(generate, lms, { ...options, model, tokenizer }, { place });
    const published = await write('lmTiny', 'tokenizer');
    const cycle = async () => {
      const { lanes } = await write(own('my.safetensors', readLm()), own('my.bpe', readTokenizer()));
      assert.deepEqual(lanes[0]!.ids, published.lanes[0]!.ids);
    };
    for (let i = 0; i < 3; ++i) await cycle();
    const inUse = lms.memoryInUse();
    await cycle();
    // The heap's rounding: a model has two million bytes.
    assert.ok(Math.abs(lms.memoryInUse() - inUse) < 1000, `${lms.memoryInUse() - inUse} bytes`);
    await assert.rejects(write(own('no.safetensors', new Uint8Array(10)), null), { name: 'DataError' });
    await assert.rejects(write('lmTiny', null), /needs a tokenizer/);
  });
});

describe('what is looked at of a cache', () => {
  let lms: Lms;
  before(async () => {
    lms = await loadModule('simd', 'lm');
  });
  const read = { model: 'lmTiny', text: 'Call me Ishmael. Some years ago', tokens: 8 } as const;

  it('steps through a window: what is written where, and what is lost', async () => {
    const { tokens, steps } = await ask(trace, lms, { ...read, decoder: { ...kExactDecoder, window: 4, sinks: 1 } });
    assert.equal(tokens.length, 8);
    assert.ok(read.text.startsWith(tokens.join('')));
    assert.deepEqual(
      steps.map(({ evicted }) => evicted),
      [null, null, null, null, null, 1, 2, 3],
    );
    assert.deepEqual(
      steps.at(-1)!.slots.toSorted((a, b) => a! - b!),
      [0, 4, 5, 6, 7],
    );
  });

  it('maps attention', async () => {
    const maps = await ask(attention, lms, { ...read, decoder: kExactDecoder });
    assert.deepEqual([maps.cut, maps.tokens.length], [true, 8]);
    assert.equal(maps.values.length, maps.layers * maps.heads * 64);
    await assert.rejects(ask(attention, lms, { ...read, text: '', decoder: kExactDecoder }), /The text is empty/);
  });

  it('weighs a policy before it is measured, and measures it', async () => {
    const place = placeOf();
    const decoder = { ...kExactDecoder, window: 64, sinks: 4, storage: 'int8', weights: 'int8' } as const;
    for (const kvHeads of [1, 3]) {
      const model = { model: 'lmTiny', kvHeads, decoder } as const;
      const weighed = await ask(size, lms, model, place);
      const options = { ...model, tokens: 300, context: 256, stride: 128, threads: 1 };
      const report = await run(policy, lms, options, { place });
      const { footprint, weightBytes, positions, parameters } = report;
      assert.deepEqual({ footprint, weightBytes, positions, parameters }, weighed);
      assert.ok(report.rounds.length >= 7);
      assert.deepEqual([report.tokens, report.losses.length], [300, 300]);
      assert.ok(report.bytes > 300);
    }
    // The first Decoders leave the heap with other free blocks; after them nothing more is in use.
    const inUse: number[] = [];
    for (let i = 0; i < 4; ++i) {
      await ask(size, lms, { model: 'lmTiny', kvHeads: 6, decoder }, { ...place, shelf: new Shelf() });
      inUse.push(lms.memoryInUse());
    }
    assert.equal(inUse[3], inUse[2]);
  });

  it('profiles it while it reads', async () => {
    const options = { title: 'LM', model: 'lmTiny', batch: 8, variant: 'simd', threads: 1, seconds: 0.1 } as const;
    const report = await run(tokensProfile, lms, options);
    assert.deepEqual([report.unit, report.layers.length], ['token', 21]);
    assert.ok(report.memory.length > 0);
    await assert.rejects(run(tokensProfile, lms, { ...options, batch: 100_000 }), /100000 are wanted/);
  });
});

describe('the classifier', () => {
  let models: Models;
  before(async () => {
    models = await loadModule('simd', 'models');
  });

  it('classifies the images that the page shows, the same by each rung', async () => {
    const place = placeOf();
    const { count, labels } = await ask(images, models, {}, place);
    const options = { variants: ['packed', 'simd'], threads: 1, seconds: 0.01 };
    const { lanes, layers } = await run(classify, models, options, { place });
    assert.deepEqual([count, layers], [2000, [784, 256, 128, 10]]);
    assert.equal(lanes[0]!.logitsDigest, lanes[1]!.logitsDigest);
    const { predictions, passes } = lanes[1]!;
    assert.ok(passes.length >= 3);
    assert.ok(labels.filter((label, i) => label === predictions[i]).length > 1800);
    const scores = await ask(logits, models, { image: 7, variant: 'simd' }, place);
    assert.equal(scores.indexOf(Math.max(...scores)), predictions[7]);
  });

  it('says which file is damaged', async () => {
    const place = placeOf({ testLabels: new Uint8Array(30) });
    await assert.rejects(ask(images, models, {}, place), /t10k-labels-idx1-ubyte\.gz is not a sound gzip file/);
  });
});

describe('races', () => {
  let library: Library;
  before(async () => {
    library = await loadModule('simd', 'optlab');
  });

  it('tell all samples and digests at their end, and whose turn it is before', async () => {
    const options = { m: 32, k: 32, n: 32, variants: ['naive', 'simd'], threads: 1, seconds: 0.05 };
    const turns: (number | null)[] = [];
    const report = await run(race, library, options, { onReport: ({ atWork }) => turns.push(atWork) });
    assert.equal(report.digests[0], report.digests[1]);
    assert.deepEqual(
      report.samples!.map(({ length }) => length),
      report.lanes.map(({ statistics }) => statistics!.count),
    );
    assert.equal(turns[0], 0);
    assert.deepEqual([report.atWork, turns.includes(1)], [null, true]);
  });

  it('of block sizes tell the best at their end, and change nothing themselves', async () => {
    const before = library.gemmBlocking();
    const stopped = await run(tuner, library, { seconds: 0.5, threads: 1 }, { steps: 2 });
    assert.equal(stopped.best, null);
    const { best, lanes } = await run(tuner, library, { seconds: 0.5, threads: 1 });
    assert.ok(best !== null && lanes.some(({ name }) => name === `${best.depth}/${best.rows}/${best.columns}`));
    assert.deepEqual(library.gemmBlocking(), before);
  });

  it('of single calls against batches', async () => {
    const report = await run(timer, library, { size: 16, variant: 'simd', count: 25, threads: 1 });
    assert.equal(report.calls.length, 25);
    assert.ok(report.batches.length > 0 && report.tick > 0);
  });
});

describe('the task of a new experiment', () => {
  it('works as the template has it', async () => {
    const optlab = await loadModule('relaxed', 'optlab');
    const report = await run(template, optlab, { sizes: [32, 64] });
    assert.deepEqual(
      report.points.map(({ size }) => size),
      [32, 64],
    );
    assert.ok(report.points.every(({ seconds }) => seconds.length > 0 && Math.min(...seconds) > 0));
  });
});
