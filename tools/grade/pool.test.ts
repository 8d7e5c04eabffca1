// The pool and the lock, with a stand-in for the process that grades: it does what its "source" says.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Pool, type Job, type JobOutcome } from './pool.ts';
import { TimingLock } from './timing-lock.ts';

const kFolder = mkdtempSync(join(tmpdir(), 'optlab-pool-'));
after(() => rmSync(kFolder, { recursive: true }));

const kStandIn = join(kFolder, 'stand-in.mjs');
writeFileSync(
  kStandIn,
  `
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
const log = ${JSON.stringify(join(kFolder, 'log'))};
const note = (text) => appendFileSync(log, text + '\\n');
const graded = () => process.send({ kind: 'graded', result: { pid: process.pid } });
process.on('message', ({ kind, source }) => {
  if (kind === 'settings') return process.send({ kind: 'ready' });
  if (kind === 'measure') {
    note('begin');
    return setTimeout(() => {
      note('end');
      process.send({ kind: 'measured' });
      graded();
    }, 30);
  }
  const [what, argument] = source.split(' ');
  if (what === 'die') process.kill(process.pid, 'SIGKILL');
  if (what === 'hang') return;
  if (what === 'throw') return process.send({ kind: 'broke', reason: 'an exception' });
  if (what === 'die-once' && !existsSync(argument)) {
    writeFileSync(argument, '');
    process.exit(3);
  }
  if (what === 'measure') return process.send({ kind: 'mayIMeasure', threads: Number(argument) });
  if (what === 'work') {
    note('work');
    return setTimeout(() => (note('rest'), graded()), 30);
  }
  graded();
});
process.on('disconnect', () => process.exit());
`,
);

const kSettings = { seed: 's', skipPerformance: false, references: kFolder };
let locks = 0;
const freshName = () => `optlab-test-${process.pid}-${++locks}`;

async function runPool(sources: string[], jobs = 2, cores = 2): Promise<{ outcomes: JobOutcome[]; log: string[] }> {
  const { readFileSync } = await import('node:fs');
  writeFileSync(join(kFolder, 'log'), '');
  const outcomes = new Map<string, JobOutcome>();
  const work: Job[] = sources.map((source, i) => ({ key: `${i}`, exercise: 'x/y', source, patience: 1.5 }));
  const pool = new Pool(work, {
    ...{ jobs, cores, program: kStandIn, settings: kSettings, lock: new TimingLock(1, freshName()) },
    onDone: ({ key }, outcome) => void outcomes.set(key, outcome),
  });
  await pool.run();
  const log = readFileSync(join(kFolder, 'log'), 'utf8').trim().split('\n');
  return { outcomes: sources.map((_, i) => outcomes.get(`${i}`)!), log };
}

const broken = (outcome: JobOutcome) => ('broken' in outcome ? outcome.broken : null);

test('what kills or stalls its process is given up, the others are graded', async () => {
  const flag = join(kFolder, 'died-once');
  const { outcomes } = await runPool(['ok', 'die', 'ok', 'hang', `die-once ${flag}`, 'throw', 'ok']);
  assert.deepEqual(
    outcomes.map((one) => broken(one) === null),
    [true, false, true, false, true, false, true],
  );
  assert.match(broken(outcomes[1]!) ?? '', /ended 2 times \(SIGKILL\)/);
  assert.match(broken(outcomes[3]!) ?? '', /ended 2 times/);
  assert.equal(broken(outcomes[5]!), 'an exception');
});

test('one measurement at a time', async () => {
  const { log, outcomes } = await runPool(
    Array.from({ length: 6 }, () => 'measure 1'),
    3,
    3,
  );
  assert.equal(outcomes.length, 6);
  assert.deepEqual(log, Array.from({ length: 6 }, () => ['begin', 'end']).flat());
});

test('a kernel of as many threads as cores is measured while nothing else runs', async () => {
  const sources = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 'measure 2' : 'work'));
  const { log } = await runPool(sources);
  let busy = 0;
  for (const line of log) {
    if (line === 'begin') assert.equal(busy, 0, log.join(' '));
    busy += line === 'begin' || line === 'work' ? 1 : -1;
  }
  assert.equal(log.length, 16);
});

test('a process that cannot start is an error that says so', async () => {
  const options = { jobs: 1, settings: kSettings, lock: new TimingLock(1, freshName()), onDone: () => {} };
  const job: Job = { key: 'k', exercise: 'x/y', source: '', patience: 1 };
  const pool = new Pool([job], { ...options, program: join(kFolder, 'nowhere.mjs') });
  await assert.rejects(pool.run(), /could not be started[^]*Cannot find module/);
});

test('stop() ends a run at once', async () => {
  const done: string[] = [];
  const work = ['ok', 'hang'].map((source) => ({ key: source, exercise: 'x/y', source, patience: 100 }));
  const options = { jobs: 2, program: kStandIn, settings: kSettings, lock: new TimingLock(1, freshName()) };
  const pool = new Pool(work, { ...options, onDone: ({ key }) => void (done.push(key), pool.stop()) });
  await pool.run();
  assert.deepEqual(done, ['ok']);
});

test('the lock is held against other processes, and a killed one gives it back', async () => {
  const name = freshName();
  const module = pathToFileURL(join(import.meta.dirname, 'timing-lock.ts')).href;
  const program = `const { TimingLock } = await import('${module}'); await new TimingLock(1, '${name}').acquire(); console.log('has it'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  let taken = false;
  const mine = new TimingLock(1, name).acquire().then((release) => ((taken = true), release));
  try {
    await sleep(150);
    assert.equal(taken, false);
  } finally {
    child.kill('SIGKILL');
  }
  (await mine)?.();
  assert.equal(taken, true);
  const second = await new TimingLock(2, name).acquire();
  const third = await new TimingLock(2, name).acquire();
  assert.ok(second !== null && third !== null);
  const late = new TimingLock(2, name).acquire(() => false);
  assert.equal(await late, null);
  second();
  third();
});
