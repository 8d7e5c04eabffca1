// The proof of exact mode: the same products and the same logits natively, in Node and in a browser, on every instruction set and with
// any number of threads, compared by digest. What everybody is compared with is the native program in scalar code, on one thread.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { startServer, type RunningServer } from '../tools/serve.ts';
import type { BuildName } from '#lab/types.ts';
import { launchBrowser } from '../tools/lib/browser.ts';
import {
  computeVectors,
  kLogits,
  kShapes,
  kTrained,
  shapeName,
  trainingName,
  type Vector,
} from './lib/golden_vectors.ts';
import { isThreaded, kBuilds, kRoot, loadModule, readModel, readTestImages, readTestLabels } from './lib/library.ts';

const kProgram = join(kRoot, 'build/native/src/cli/optlab');
const kScalarRungs = ['naive', 'reordered', 'blocked', 'packed'];
const kExactRungs = [...kScalarRungs, 'simd', 'simd_prepacked', 'simd_threads'];
const kWideRungs = ['avx512', 'avx512_prepacked', 'avx512_threads'];
const kThreads = [1, 2, 3, 4];

type Digests = Map<string, string>;

interface BenchReport {
  isa: string;
  rungs: { name: string; mode: string; digest: string }[];
}

/** Runs the native program; `isa` 'scalar' forbids it this machine's vector instructions. */
async function runProgram<T>(isa: string, ...args: string[]): Promise<T> {
  if (!existsSync(kProgram))
    throw new Error('build/native/src/cli/optlab is missing: build it with  tools/build --only native');
  const env = { ...process.env, OPTLAB_ISA: isa };
  const { stdout } = await promisify(execFile)(kProgram, args, { cwd: kRoot, env });
  return JSON.parse(stdout) as T;
}

async function computeNatively(isa: string, threads: number): Promise<{ isas: string[]; vectors: Vector[] }> {
  const common = ['--threads', String(threads), '--json'];
  const products = kShapes.map(async (shape) => {
    const [m, k, n] = shape.map(String);
    const dimensions = ['--m', m!, '--k', k!, '--n', n!, '--seconds', '0.1'];
    const report = await runProgram<BenchReport>(isa, 'bench', 'gemm', ...dimensions, ...common);
    const exact = report.rungs.filter(({ mode }) => mode === 'exact');
    return {
      isa: report.isa,
      vectors: exact.map(({ name, digest }) => ({ what: shapeName(shape), rung: name, digest })),
    };
  });
  const data = ['--data', 'data/fashion-mnist'];
  const logits = runProgram<{ digest: string; rung: string }>(isa, 'eval', 'mlp', ...data, ...common);
  const results = await Promise.all(products);
  const { digest, rung } = await logits;
  const isas = [...new Set(results.map((result) => result.isa))];
  return { isas, vectors: [...results.flatMap(({ vectors }) => vectors), { what: kLogits, rung, digest }] };
}

/** Expects every vector to have its reference's digest, and every product to have been computed by all of `rungs`. */
function compare(reference: Digests, vectors: readonly Vector[], rungs: readonly string[]): void {
  for (const { what, rung, digest } of vectors) assert.equal(digest, reference.get(what), `${what} by ${rung}`);
  for (const shape of kShapes) {
    const computed = vectors.filter(({ what }) => what === shapeName(shape)).map(({ rung }) => rung);
    assert.deepEqual(computed, rungs, shapeName(shape));
  }
  assert.ok(vectors.some(({ what }) => what === kLogits));
}

/** The same for what WebAssembly computes: also the weights that training comes to, against the native program's test. */
function compareAll(reference: Digests, vectors: readonly Vector[]): void {
  const trained = (['mlp', 'cnn'] as const).map((kind) => [trainingName(kind), kTrained[kind]] as const);
  compare(new Map([...reference, ...trained]), vectors, kExactRungs);
  for (const [what] of trained)
    assert.ok(
      vectors.some((vector) => vector.what === what),
      what,
    );
}

/** A folder with a page whose worker computes the vectors; with the same sources as in Node. */
function makeSite(): string {
  const folder = mkdtempSync(join(tmpdir(), 'optlab-golden-'));
  const vectors = readFileSync(join(import.meta.dirname, 'lib/golden_vectors.ts'), 'utf8');
  writeFileSync(join(folder, 'golden_vectors.js'), stripTypeScriptTypes(vectors));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Golden vectors</title>');
  writeFileSync(
    join(folder, 'worker.js'),
    `import { computeVectors } from './golden_vectors.js';
     const read = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
     const run = async ({ build, started, threads }) => {
       const load = async (name) => (await import('/wasm/' + build + '/' + name + '.mjs')).default({ threads: started });
       const modules = [await load('optlab'), await load('models')];
       const files = [await read('/model'), await read('/images'), await read('/labels')];
       return computeVectors(...modules, threads, ...files);
     };
     onmessage = ({ data }) => run(data).then((result) => postMessage({ result }), (e) => postMessage({ error: String(e) }));`,
  );
  writeFileSync(join(folder, 'model'), readModel());
  writeFileSync(join(folder, 'images'), readTestImages());
  writeFileSync(join(folder, 'labels'), readTestLabels());
  for (const build of kBuilds) {
    cpSync(join(kRoot, 'web/public/wasm', build), join(folder, 'wasm', build), { recursive: true });
  }
  return folder;
}

async function computeInPage(
  page: Page,
  build: BuildName,
  threads: number,
  started = threads,
): Promise<{ threads: number; vectors: Vector[] }> {
  const answer = (await page.evaluate(`new Promise((settle) => {
    const worker = new Worker('/worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => { worker.terminate(); settle(data); };
    worker.onerror = (event) => settle({ error: 'the worker failed: ' + event.message });
    worker.postMessage({ build: '${build}', started: ${started}, threads: ${threads} });
  })`)) as { result?: { threads: number; vectors: Vector[] }; error?: string };
  if (answer.result === undefined) throw new Error(answer.error);
  return answer.result;
}

describe('exact mode gives the same bits', () => {
  let reference: Digests;
  let scalar: Awaited<ReturnType<typeof computeNatively>>;
  before(async () => {
    scalar = await computeNatively('scalar', 1);
    reference = new Map(scalar.vectors.map(({ what, digest }) => [what, digest]));
  });

  it('natively, in scalar code', () => {
    assert.deepEqual(scalar.isas, ['scalar']);
    compare(reference, scalar.vectors, kScalarRungs);
    assert.equal(new Set(reference.values()).size, kShapes.length + 1, 'digests of different things are different');
    for (const digest of reference.values()) assert.match(digest, /^[0-9a-f]{16}$/);
  });

  for (const threads of [1, 3]) {
    it(`natively, in this machine's vector instructions, with ${threads} threads`, async (test) => {
      const native = await computeNatively('', threads);
      if (native.isas[0] === 'scalar')
        return test.skip('this machine has no vector instructions that the library knows');
      test.diagnostic(`vector instructions: ${native.isas.join()}`);
      const wide = native.isas[0]!.startsWith('avx512') ? kWideRungs : [];
      return compare(reference, native.vectors, [...kExactRungs, ...wide]);
    });
  }

  it('natively, without the widest of them', async (test) => {
    const native = await computeNatively('avx2', 2);
    if (!native.isas[0]!.startsWith('avx2')) return test.skip('this machine has no AVX2');
    return compare(reference, native.vectors, kExactRungs);
  });

  describe('in Node', () => {
    const model = readModel();
    const images = readTestImages();
    const labels = readTestLabels();
    for (const build of kBuilds) {
      for (const threads of isThreaded(build) ? kThreads : [1]) {
        it(`${build}, ${threads} thread(s)`, async () => {
          const computed = computeVectors(
            await loadModule(build, 'optlab', threads),
            await loadModule(build, 'models', threads),
            threads,
            model,
            images,
            labels,
          );
          assert.equal(computed.threads, threads);
          compareAll(reference, computed.vectors);
        });
      }
    }
  });

  describe('in Chromium', () => {
    let browser: Browser;
    let folder: string;
    const servers: RunningServer[] = [];
    before(async () => {
      folder = makeSite();
      browser = await launchBrowser();
    });
    after(async () => {
      await browser?.close();
      for (const server of servers) await server.close();
      if (folder) rmSync(folder, { recursive: true });
    });

    async function open(isolation: boolean): Promise<Page> {
      const server = await startServer({ root: folder, isolation });
      servers.push(server);
      const page = await browser.newPage();
      await page.goto(server.url);
      assert.equal(await page.evaluate('crossOriginIsolated'), isolation);
      return page;
    }

    it('isolated, with 1 to 4 threads', async () => {
      const page = await open(true);
      for (const build of kBuilds.filter(isThreaded)) {
        for (const threads of kThreads) {
          const computed = await computeInPage(page, build, threads);
          assert.equal(computed.threads, threads, build);
          compareAll(reference, computed.vectors);
        }
      }
    });

    it('isolated, with as many threads as were started when more are asked for', async () => {
      // A worker that is created later would start only after its creator returns to the event loop: waiting for it would hang.
      const computed = await computeInPage(await open(true), 'relaxed-threads', 4, 2);
      assert.equal(computed.threads, 2);
      compareAll(reference, computed.vectors);
    });

    it('not isolated, in one thread', async () => {
      const page = await open(false);
      for (const build of kBuilds.filter((name) => !isThreaded(name))) {
        compareAll(reference, (await computeInPage(page, build, 1)).vectors);
      }
    });
  });
});
