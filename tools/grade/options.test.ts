// What `npm run grade` understands, and what it says of the rest.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseCommand, UsageError, type GradeCommand } from './options.ts';

for (const [argv, text] of [
  [[], 'name at least one'],
  [['a', '--jobs', '0'], "--jobs '0' is no whole number"],
  [['a', '--jobs', 'two'], "--jobs 'two' is no whole number"],
  [['a', '--shard', '3/2', '--seed', 's'], "--shard '3/2' is not I/N"],
  [['a', '--shard', '1/2'], '--shard needs --seed'],
  [['a', '--bogus'], "Unknown option '--bogus'"],
  [['a', '--seed', ''], '--seed needs a value'],
  [['merge', 'a'], 'merge needs --out'],
  [['merge', '--out', 'b'], 'merge needs the folders'],
  [['merge', 'a', '--seed', 's', '--out', 'b'], 'merge takes --out only, not --seed'],
] as const) {
  test(`grade ${argv.join(' ')}`, () => {
    assert.throws(
      () => parseCommand(argv),
      (error: Error) => error instanceof UsageError && error.message.includes(text),
    );
  });
}

test('arguments become a command', () => {
  const command = parseCommand([
    'c',
    '--exercise',
    'x',
    '--exercise',
    'y',
    '--shard',
    '2/8',
    '--seed',
    's',
    '--jobs',
    '3',
  ]);
  const { only, shard, seed, jobs, timings, inputs } = command as GradeCommand;
  assert.deepEqual(
    { only, shard, seed, jobs, timings },
    { only: ['x', 'y'], shard: { index: 2, count: 8 }, seed: 's', jobs: 3, timings: 1 },
  );
  assert.ok(inputs[0]?.startsWith('/'));
});

test('a wrong argument is exit code 2 and one line', () => {
  const program = join(import.meta.dirname, '../grade.ts');
  for (const argv of [
    ['/nowhere/at/all'],
    [import.meta.filename],
    ['--jobs', 'x', 'a'],
    ['.', '--exercise', 'nothing'],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [program, ...argv], { encoding: 'utf8' });
    assert.equal(status, 2, `${argv.join(' ')}: ${stderr}`);
    assert.match(stderr, /^grade: [^\n]*\n$/);
  }
});
