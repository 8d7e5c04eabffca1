// tools/setup waits for another run of itself. It gets a PATH without a package manager, so that it ends before it installs anything.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const where = (program: string) => spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim();
const skip = where('flock') === '' && 'no flock here';

test('tools/setup waits for another one, and then goes on', { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'optlab-setup-'));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const program of ['bash', 'dirname', 'flock', 'mkdir', 'uname'])
    symlinkSync(where(program), join(folder, program));

  const other = spawn('flock', [folder, 'sh', '-c', 'echo locked; read -r line'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => other.stdout.once('data', resolve));
  const setup = spawn(join(import.meta.dirname, 'setup'), { env: { PATH: folder, OPTLAB_CACHE: folder } });
  context.after(() => setup.kill());
  const ended = new Promise((resolve) => setup.once('close', resolve));
  let [said, failed] = ['', ''];
  setup.stderr.on('data', (chunk: Buffer) => (failed += chunk.toString()));
  await new Promise<void>((resolve) => {
    setup.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      resolve();
    });
    setup.once('close', () => resolve());
  });
  assert.equal(said, 'tools/setup: another one runs; waiting for it …\n', failed);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(setup.exitCode, null, failed);
  assert.equal(failed, '');

  other.stdin.end('\n');
  assert.equal(await ended, 1);
  assert.match(failed, /can install packages only with apt .*Missing here: cmake/);
});
