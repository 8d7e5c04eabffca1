import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EngineClient } from './client.ts';

import type { AnyTask } from './task.ts';
it('an engine that is reserved for other timed work lets no experiment in, and is not started', async () => {
  const client = new EngineClient('/', () => assert.fail('a worker was started'));
  const tasks: (string | null)[] = [];
  client.addEventListener('change', () => tasks.push(client.task));
  const release = client.reserve('your own kernel');
  assert.throws(() => client.reserve('another'), /your own kernel\) is still running/);
  await assert.rejects(
    client.run<AnyTask>('02-acceleration/roofline-chart', {}, () => {}),
    /Another experiment \(your own kernel\) is still running/,
  );
  release();
  assert.deepEqual(tasks, ['your own kernel', null]);
});
