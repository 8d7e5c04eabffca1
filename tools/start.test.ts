// tools/start refuses bad arguments at once, before it installs or builds anything.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

const kStart = join(import.meta.dirname, 'start');

for (const [argv, text] of [
  [['--port', 'abc'], "'abc' is no number"],
  [['--port', '70000'], "'70000' is no number"],
  [['--port'], "'' is no number"],
  [['--host'], '--host needs a name'],
  [['--bogus'], "unknown argument '--bogus'"],
] as const) {
  test(`tools/start ${argv.join(' ')}`, () => {
    const { status, stderr, stdout } = spawnSync(kStart, argv, { encoding: 'utf8', timeout: 10_000 });
    assert.equal(status, 2);
    assert.ok(stderr.includes(text), stderr);
    assert.equal(stderr.trim().split('\n').length, 1);
    assert.equal(stdout, '');
  });
}

test('tools/start on a port that is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  // Not spawnSync: the server has to answer meanwhile.
  const child = spawn(kStart, ['--port', String(address.port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const status = await new Promise((resolve) => child.once('close', resolve));
  server.close();
  assert.equal(status, 2);
  assert.ok(stderr.includes(`port ${address.port} is taken`), stderr);
});
