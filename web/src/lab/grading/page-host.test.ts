import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CompilerQuestion, LoadQuestion } from '../compiler/compiler-program.ts';
import type { CompileOptions } from '../compiler/compile.ts';
import { PageHost, type CompilerState, type PageHostOptions, type WorkerLike } from './page-host.ts';
import { outcome, type CaseRequest } from './run-case.ts';

/** A worker without a thread: `answer` is called with each message, and `say` speaks to the page. */
class FakeWorker implements WorkerLike {
  ended = false;
  readonly #answer: (message: unknown, worker: FakeWorker) => void;
  readonly #listeners: ((event: { data: unknown }) => void)[] = [];
  readonly #failures: ((event: { message?: string }) => void)[] = [];

  constructor(answer: (message: unknown, worker: FakeWorker) => void) {
    this.#answer = answer;
  }
  postMessage(message: unknown): void {
    setTimeout(() => this.ended || this.#answer(message, this), 1);
  }
  terminate(): void {
    this.ended = true;
  }
  addEventListener(type: string, listener: (event: never) => void): void {
    (type === 'message' ? this.#listeners : this.#failures).push(listener as never);
  }
  say(data: unknown): void {
    for (const listener of this.#listeners) listener({ data });
  }
  fail(message: string): void {
    for (const listener of this.#failures) listener({ message });
  }
}

const compiled = { wasm: new Uint8Array(3), diagnostics: [], assembly: null, seconds: 0.1 };
const loaded = { version: 'clang-test', isKept: true, seconds: { files: 0, start: 0, warmUp: 0 } };

/** Sources: "hang" never ends, "break" breaks the compiler, "die" its worker; anything else compiles. */
function compilerAnswer(message: unknown, worker: FakeWorker): void {
  const request = message as CompilerQuestion | LoadQuestion;
  if (request.kind === 'load') {
    worker.say({ note: { done: 1, total: 2, isCached: false } });
    worker.say({ value: loaded });
  } else if (request.kind === 'compile') {
    const { source } = request.options;
    if (source === 'hang') return;
    if (source === 'die') worker.fail('out of memory');
    else if (source === 'break') worker.say({ crash: 'RangeError' });
    else worker.say({ value: compiled });
  } else worker.say({ value: { line: 3, reason: null } });
}

/** Exercises: "loop" begins and never ends, "late" never begins, "die" breaks the worker. */
function kernelAnswer(message: unknown, worker: FakeWorker): void {
  const { exercise } = message as CaseRequest;
  if (exercise === 'late') return;
  if (exercise === 'die') return worker.fail('no memory');
  worker.say({ begun: true });
  if (exercise !== 'loop') worker.say({ value: outcome('pass') });
}

function setUp(options: Partial<PageHostOptions> = {}) {
  const compilers: FakeWorker[] = [];
  const kernels: FakeWorker[] = [];
  const spawn = (list: FakeWorker[], answer: (message: unknown, worker: FakeWorker) => void) => () => {
    const worker = new FakeWorker(answer);
    list.push(worker);
    return worker;
  };
  const host = new PageHost({
    url: '/toolchain/',
    spawnCompiler: spawn(compilers, compilerAnswer),
    spawnKernel: spawn(kernels, kernelAnswer),
    compileLimit: 0.05,
    startLimit: 0.05,
    ...options,
  });
  const states: CompilerState['name'][] = [];
  host.addEventListener('change', () => states.push(host.state.name));
  return { host, compilers, kernels, states };
}

const source = (text: string): CompileOptions => ({
  source: text,
  headers: {},
  exports: [],
  memoryPages: 2,
  mode: 'fast',
});
const request = (exercise: string) => ({ exercise }) as CaseRequest;
const said = async (result: ReturnType<PageHost['compile']>) => (await result).diagnostics[0]?.message;

describe('the compiler of a page', () => {
  it('starts when it is asked for, once, and tells its version', async () => {
    const { host, compilers, states } = setUp();
    assert.equal(host.state.name, 'off');
    assert.equal(compilers.length, 0);
    await Promise.all([host.enable(), host.enable(), host.compile(source('good'))]);
    assert.equal(compilers.length, 1);
    assert.deepEqual(states, ['loading', 'loading', 'ready']);
    assert.equal(host.compiler, 'clang-test');
    assert.deepEqual(await host.trapSite(new Uint8Array(), 4), { line: 3, reason: null });
  });

  it('is replaced when it takes too long, and goes on', async () => {
    const { host, compilers } = setUp();
    assert.match(
      (await said(host.compile(source('hang')))) ?? '',
      /longer than 0\.05 s and was stopped.*started again/,
    );
    assert.ok(compilers[0]!.ended);
    assert.equal((await host.compile(source('good'))).wasm?.length, 3);
    assert.equal(compilers.length, 2);
    assert.equal(host.state.name, 'ready');
  });

  it('is replaced when it breaks', async () => {
    for (const [text, message] of [
      ['break', /The compiler broke: RangeError/],
      ['die', /worker failed: out of memory/],
    ] as const) {
      const { host, compilers } = setUp();
      assert.match((await said(host.compile(source(text)))) ?? '', message);
      assert.ok(compilers[0]!.ended);
      assert.equal((await host.compile(source('good'))).diagnostics.length, 0);
    }
  });

  it('gives each question its own time', async () => {
    const slow = (message: unknown, worker: FakeWorker) => {
      const { kind } = message as CompilerQuestion | LoadQuestion;
      if (kind === 'load') compilerAnswer(message, worker);
      else setTimeout(() => compilerAnswer(message, worker), 30);
    };
    const { host } = setUp({ spawnCompiler: () => new FakeWorker(slow) });
    const all = await Promise.all(['a', 'b', 'c'].map((text) => host.compile(source(text))));
    assert.ok(all.every(({ wasm }) => wasm !== null));
  });

  it('says why it could not be loaded, and can be tried again', async () => {
    let tries = 0;
    const answer = (message: unknown, worker: FakeWorker) => {
      if (++tries === 1) worker.say({ crash: 'offline' });
      else compilerAnswer(message, worker);
    };
    const { host } = setUp({ spawnCompiler: () => new FakeWorker(answer) });
    await assert.rejects(host.enable(), /offline/);
    assert.deepEqual(host.state, { name: 'failed', reason: 'offline' });
    await host.enable();
    assert.equal(host.state.name, 'ready');
  });

  it('stops at once, also while it loads', async () => {
    const { host, compilers } = setUp({ compileLimit: 60 });
    await host.enable();
    const hanging = host.compile(source('hang'));
    await new Promise((settle) => setTimeout(settle, 10));
    host.stop();
    assert.equal(await said(hanging), 'Stopped');
    assert.ok(compilers[0]!.ended);

    const silent = setUp({ spawnCompiler: () => new FakeWorker(() => {}) });
    const loading = silent.host.enable();
    silent.host.stop();
    await assert.rejects(loading, /Stopped/);
    assert.equal(silent.host.state.name, 'off');
  });
});

describe('kernels in a page', () => {
  it('share a worker for one grading and no longer', async () => {
    const { host, kernels } = setUp();
    assert.equal((await host.run(request('good'), 1)).status, 'pass');
    assert.equal((await host.run(request('good'), 1)).status, 'pass');
    assert.equal(kernels.length, 1);
    host.endRun();
    assert.ok(kernels[0]!.ended);
    await host.run(request('good'), 1);
    assert.equal(kernels.length, 2);
  });

  it('are ended when their time is up; the next case has a fresh worker', async () => {
    const { host, kernels } = setUp();
    const found = await host.run(request('loop'), 0.02);
    assert.equal(found.status, 'timeout');
    assert.ok(kernels[0]!.ended);
    assert.equal((await host.run(request('good'), 1)).status, 'pass');
    assert.equal(kernels.length, 2);
  });

  it('end as errors when the worker does not start or breaks', async () => {
    const { host } = setUp();
    assert.match((await host.run(request('late'), 9)).message, /did not start within 0\.05 s/);
    assert.match((await host.run(request('die'), 9)).message, /The run broke: no memory/);
    assert.equal((await host.run(request('good'), 1)).status, 'pass');
  });

  it('stop at once', async () => {
    const { host, kernels } = setUp();
    const running = host.run(request('loop'), 60);
    await new Promise((settle) => setTimeout(settle, 10));
    host.stop();
    assert.deepEqual(await running, outcome('error', 'Stopped'));
    assert.ok(kernels[0]!.ended);
  });
});
