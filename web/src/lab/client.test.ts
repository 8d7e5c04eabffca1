import assert from 'node:assert/strict';
import { after, describe, it, mock } from 'node:test';
import { expose } from 'comlink';
import { EngineClient } from './client.ts';
import type { EngineApi, EngineInfo, TaskRequest } from './protocol.ts';
import { grown, ReportSender } from './report-parts.ts';
import type { Task } from './task.ts';

// Ports that nobody closes (comlink's callbacks have some) would keep Node alive; a timer does while tests wait.
(MessagePort.prototype as unknown as { ref(): void }).ref = () => {};
const alive = setInterval(() => {}, 1000);
after(() => clearInterval(alive));

interface Report {
  at: number;
  list: number[];
}
type Counting = Task<'lm', { what: string }, Report>;
const kPath = '03-memory/counting';
const kInfo = { threads: 1, blocking: { depth: 1, rows: 2, columns: 3 } } as unknown as EngineInfo;

type Job = (
  request: TaskRequest,
  report: (at: number) => void,
  stopped: Promise<void>,
  alive: () => void,
) => Promise<object>;
const resultOf = (at: number, stopped: boolean) => ({ at, list: [at], progress: 1, done: true, stopped });

/** Stands in for engine.worker: `job` is what its tasks do. */
class FakeWorker extends EventTarget {
  isEnded = false;
  readonly did: string[] = [];
  readonly #page: MessagePort;
  #leave: () => void = () => {};

  constructor(job: Job) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#page = port1;
    port1.addEventListener('message', (event) => {
      if (!this.isEnded) this.dispatchEvent(new MessageEvent('message', { data: event.data }));
    });
    port1.start();
    expose(this.#api(job), port2);
  }

  #api(job: Job): EngineApi {
    let stop: () => void = () => {};
    return {
      start: async ({ lock }, onDownloaded) => {
        void navigator.locks.request(lock, () => new Promise<void>((resolve) => (this.#leave = resolve)));
        onDownloaded();
        return kInfo;
      },
      run: (request, onReport, onAlive) => {
        this.did.push(`runs ${request.path}`);
        const sender = new ReportSender();
        const list: number[] = [];
        const report = (at: number) => {
          list.push(at);
          onReport(sender.pack({ at, list: grown(list), progress: 0, done: false, stopped: false }));
        };
        const stopped = new Promise<void>((resolve) => (stop = resolve));
        return job(request, report, stopped, onAlive) as ReturnType<EngineApi['run']>;
      },
      ask: async ({ path, options }) => ({ path, options }),
      stop: () => stop(),
      reserve: async (path, slots) => (
        this.did.push(`reserves ${path}`),
        slots.map((slot) => ({ slot, address: 8, stackBytes: 1, shared: false }))
      ),
      plug: async (_, guests) =>
        void this.did.push(...guests.map(({ slot, address }) => `plugs ${slot} at ${address}`)),
    };
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    if (!this.isEnded) this.#page.postMessage(message, transfer);
  }
  terminate(): void {
    this.isEnded = true;
    this.#leave();
  }
}

function clientOf(...jobs: Job[]): { client: EngineClient; workers: FakeWorker[] } {
  const workers: FakeWorker[] = [];
  const client = new EngineClient('/', () => {
    const worker = new FakeWorker(jobs[Math.min(workers.length, jobs.length - 1)]!);
    workers.push(worker);
    return worker as unknown as Worker;
  });
  return { client, workers };
}

const never = new Promise<never>(() => {});
const quick: Job = async () => resultOf(1, false);
/** Reports once; obeys no stop. */
const deaf: Job = async (_, report) => (report(5), never);
const ignore = () => {};

/** Runs the task, and calls `meanwhile` after its first report. */
function runAnd(client: EngineClient, meanwhile: () => void) {
  let calls = 0;
  return client.run<Counting>(kPath, { what: 'x' }, () => {
    if (calls++ === 0) meanwhile();
  });
}

describe('the engine’s client', () => {
  it('hands a task its options and the blocks in use; puts its reports together', async () => {
    const requests: TaskRequest[] = [];
    const seen: number[][] = [];
    const { client } = clientOf(async (request, report) => {
      requests.push(request);
      [1, 2, 3].forEach(report);
      await new Promise((resolve) => setTimeout(resolve, 20)); // reports take another way than the result
      return resultOf(3, false);
    });
    const run = () => client.run<Counting>(kPath, { what: 'x' }, ({ list }) => seen.push([...list]));
    assert.deepEqual(await run(), resultOf(3, false));
    assert.deepEqual(seen, [[1], [1, 2], [1, 2, 3]]);
    assert.deepEqual(client.blocking, kInfo.blocking);
    client.blocking = { depth: 4, rows: 5, columns: 6 };
    await run();
    assert.deepEqual(
      requests.map(({ path, options, blocking }) => [path, options, blocking.depth]),
      [1, 4].map((depth) => [kPath, { what: 'x' }, depth]),
    );
  });

  it('answers questions', async () => {
    const { client } = clientOf(quick);
    assert.deepEqual(await client.ask(kPath, { text: 'x' }), { path: kPath, options: { text: 'x' } });
  });

  it('stops a task that obeys, and goes on with its worker', async () => {
    const { client, workers } = clientOf(async (_, report, stopped) => (report(1), await stopped, resultOf(2, true)));
    assert.deepEqual(await runAnd(client, () => client.stop()), resultOf(2, true));
    assert.equal(client.task, null);
    await runAnd(client, () => client.stop());
    assert.deepEqual([workers.length, workers[0]!.isEnded], [1, false]);
  });

  it('ends the worker of a task that obeys no stop, with what was reported, and starts another', async () => {
    const { client, workers } = clientOf(deaf, quick);
    const start = performance.now();
    const last = await runAnd(client, () => client.stop());
    assert.deepEqual(last, { at: 5, list: [5], progress: 0, done: true, stopped: true });
    assert.ok(performance.now() - start > 450 && workers[0]!.isEnded);
    assert.deepEqual(await client.run<Counting>(kPath, { what: 'x' }, ignore), resultOf(1, false));
    assert.equal(workers.length, 2);
  });

  it('says so where a task is stopped before it has reported', async () => {
    const { client } = clientOf(() => never);
    const run = client.run<Counting>(kPath, { what: 'x' }, ignore);
    client.stop(); // before the engine has started
    await assert.rejects(run, { name: 'StoppedError' });
    const again = client.run<Counting>(kPath, { what: 'x' }, ignore);
    setTimeout(() => client.stop(10), 50);
    await assert.rejects(again, { name: 'StoppedError' });
  });

  it('replaces a worker that says nothing for a minute', async () => {
    const { client, workers } = clientOf(deaf, quick);
    await client.start();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const run = runAnd(client, () => mock.timers.tick(60_000));
      await assert.rejects(run, { name: 'EngineError', message: 'The engine stopped answering' });
    } finally {
      mock.timers.reset();
    }
    assert.ok(workers[0]!.isEnded);
    await client.run<Counting>(kPath, { what: 'x' }, ignore);
    assert.equal(workers.length, 2);
  });

  it('waits for one that lives, as long as it may take: files come slowly', async () => {
    let alive = () => {};
    let end = (_: object) => {};
    const { client } = clientOf(async (_, __, ___, onAlive) => {
      alive = onAlive;
      return new Promise<object>((resolve) => (end = resolve));
    });
    await client.start();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const run = client.run<Counting>(kPath, { what: 'x' }, ignore);
      for (let i = 0; i < 4; ++i) {
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
        mock.timers.tick(40_000);
        alive();
      }
      end(resultOf(1, false));
      assert.deepEqual(await run, resultOf(1, false));
    } finally {
      mock.timers.reset();
    }
  });

  it('never reuses a worker in which the library has trapped; one that refuses something it does', async () => {
    const fail =
      (error: Error): Job =>
      () =>
        Promise.reject(error);
    const trapped = clientOf(fail(new WebAssembly.RuntimeError('unreachable')), quick);
    await assert.rejects(runAnd(trapped.client, ignore), { name: 'RuntimeError' });
    await runAnd(trapped.client, ignore);
    assert.deepEqual(
      trapped.workers.map(({ isEnded }) => isEnded),
      [true, false],
    );
    const refused = clientOf(fail(new RangeError('too large')));
    for (let i = 0; i < 2; ++i) await assert.rejects(runAnd(refused.client, ignore), { name: 'RangeError' });
    assert.equal(refused.workers.length, 1);
  });

  it('notices a worker’s failure', async () => {
    const { client, workers } = clientOf(deaf, quick);
    const run = runAnd(client, () =>
      workers[0]!.dispatchEvent(Object.assign(new Event('error', { cancelable: true }), { message: 'lightning' })),
    );
    await assert.rejects(run, /worker failed: lightning/);
    await runAnd(client, ignore);
  });

  it('notices a worker’s death, of which nobody tells', async () => {
    const { client, workers } = clientOf(deaf, quick);
    await assert.rejects(
      runAnd(client, () => workers[0]!.terminate()),
      /worker died in the middle/,
    );
    await runAnd(client, ignore);
  });

  it('runs guests in a worker of their own, which is ended afterwards', async () => {
    const { client, workers } = clientOf(quick);
    await client.start();
    const guest = { compile: async () => Uint8Array.of(0) };
    await client.run<Counting>(kPath, { what: 'x' }, ignore, new Map([['matmul', guest]]));
    assert.deepEqual(workers[1]!.did, [`reserves ${kPath}`, 'plugs matmul at 8', `runs ${kPath}`]);
    assert.deepEqual([workers[0]!.isEnded, workers[1]!.isEnded], [false, true]);
    await client.run<Counting>(kPath, { what: 'x' }, ignore);
    assert.deepEqual(workers[0]!.did, [`runs ${kPath}`]);
  });

  it('that is reserved for other timed work lets no task in, and starts no engine', async () => {
    const client = new EngineClient('/', () => assert.fail('a worker was started'));
    const tasks: (string | null)[] = [];
    client.addEventListener('change', () => tasks.push(client.task));
    const release = client.reserve('your own kernel');
    assert.throws(() => client.reserve('another'), /your own kernel\) is still running/);
    await assert.rejects(
      client.run<Counting>(kPath, { what: 'x' }, ignore),
      /Another experiment \(your own kernel\) is still running/,
    );
    release();
    assert.deepEqual(tasks, ['your own kernel', null]);
  });
});
