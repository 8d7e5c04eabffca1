import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { kFirstSilenceMs, SureWorker, type NestedWorker } from './sure-worker.ts';

/** A worker that answers when the test says so. */
class FakeWorker implements NestedWorker {
  onmessage: NestedWorker['onmessage'] = null;
  onerror: NestedWorker['onerror'] = null;
  readonly got: unknown[] = [];
  ended = false;
  postMessage(message: unknown): void {
    this.got.push(message);
  }
  terminate(): void {
    this.ended = true;
  }
  say(data: unknown): void {
    this.onmessage?.(new MessageEvent('message', { data }));
  }
}

function make(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const tries: FakeWorker[] = [];
  const heard: unknown[] = [];
  const worker = new SureWorker(() => {
    tries.push(new FakeWorker());
    return tries.at(-1)!;
  });
  worker.onmessage = ({ data }) => heard.push(data);
  return { worker, tries, heard, pass: (ms: number) => context.mock.timers.tick(ms) };
}

test('a worker that says nothing is replaced, and its successor gets the same messages', (context) => {
  const { worker, tries, heard, pass } = make(context);
  worker.postMessage('load');
  worker.postMessage('run');
  pass(kFirstSilenceMs - 1);
  assert.equal(tries.length, 1);
  pass(1);
  assert.equal(tries.length, 2);
  assert.ok(tries[0]!.ended);
  assert.deepEqual(tries[1]!.got, ['load', 'run']);
  tries[0]!.say('too late');
  tries[1]!.say('loaded');
  assert.deepEqual(heard, ['loaded']);
});

test('one that has answered may be silent for as long as it likes', (context) => {
  const { worker, tries, pass } = make(context);
  worker.postMessage('load');
  tries[0]!.say('loaded');
  worker.postMessage('run');
  pass(1000 * kFirstSilenceMs);
  assert.equal(tries.length, 1);
  assert.deepEqual(tries[0]!.got, ['load', 'run']);
});

test('a worker that nobody has asked anything is not expected to answer', (context) => {
  const { tries, pass } = make(context);
  pass(1000 * kFirstSilenceMs);
  assert.equal(tries.length, 1);
});

test('each further try gets twice the time, and the fourth all of it', (context) => {
  const { worker, tries, pass } = make(context);
  worker.postMessage('load');
  for (const [index, time] of [1, 2, 4].entries()) {
    pass(time * kFirstSilenceMs - 1);
    assert.equal(tries.length, index + 1);
    pass(1);
    assert.equal(tries.length, index + 2);
  }
  pass(1000 * kFirstSilenceMs);
  assert.equal(tries.length, 4);
});

test('one that was ended is not started again', (context) => {
  const { worker, tries, pass } = make(context);
  worker.postMessage('load');
  worker.terminate();
  pass(1000 * kFirstSilenceMs);
  assert.equal(tries.length, 1);
  assert.ok(tries[0]!.ended);
});
