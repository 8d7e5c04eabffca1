import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import process from 'node:process';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { busySeconds, judge, parentOf, processTree, readBooks } from './quiet.ts';

describe('the books', () => {
  it('counts what is neither idle nor waiting for a disk, and no guest twice', () => {
    assert.equal(busySeconds('cpu  100 20 3 9999 8888 40 5 600 70 7\ncpu0 1 1 1\n'), 7.68);
  });

  it('finds the parent behind a name with parentheses and spaces', () => {
    assert.equal(parentOf('42 (a) b (c) S 17 42 42 0 -1'), 17);
  });

  it('forgives one tick and no more', () => {
    const at = (seconds: number, busy: number, own: number, waited = 0) => ({ seconds, busy, own, waited });
    assert.ok(judge(at(0, 0, 0), at(0.1, 0.119, 0.1)).quiet);
    assert.ok(!judge(at(0, 0, 0), at(0.1, 0.13, 0.1)).quiet);
    assert.ok(judge(at(0, 0, 0), at(0.1, 0.1, 0.1, 0.06)).quiet, 'a library that waits for itself');
    assert.ok(Math.abs(judge(at(1, 5, 2), at(2, 6.5, 3)).others - 0.5) < 1e-12);
  });

  it('sees the work of a child, as its own or as another’s', { skip: process.platform !== 'linux' }, async () => {
    const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    try {
      await sleep(300);
      const tree = processTree(process.pid);
      assert.ok(tree.includes(child.pid!));
      const [ownBefore, otherBefore] = [readBooks([child.pid!]), readBooks([])];
      await sleep(500);
      const [ownAfter, otherAfter] = [readBooks([child.pid!]), readBooks([])];
      assert.ok(ownAfter.own - ownBefore.own > 0.1, 'the child’s own time');
      assert.ok(judge(otherBefore, otherAfter).others > 0.2);
      assert.ok(!judge(otherBefore, otherAfter).quiet);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
