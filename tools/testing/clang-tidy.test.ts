import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { includedFiles, keyOf } from './clang-tidy.ts';

describe('what a check by clang-tidy depends on', () => {
  let root: string;
  const write = (path: string, text: string) => writeFileSync(join(root, path), text);
  const key = (flags = '-O2', tools = 'clang-tidy 19') => keyOf(root, 'src/a/a.cpp', flags, tools);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'optlab-tidy-'));
    for (const folder of ['src/a', 'src/b']) mkdirSync(join(root, folder), { recursive: true });
    write('src/a/a.cpp', '#include <vector>\n#include "a/a.h"\n#  include "beside.h"\nint a;\n');
    write('src/a/a.h', '#include "b/b.h"\n#include "b/absent.h"\n');
    write('src/a/beside.h', '');
    write('src/b/b.h', '#include "a/a.h"  // a circle\n');
    write('src/b/other.h', '');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is all that the file includes of ours', () => {
    const found = [...includedFiles(root, 'src/a/a.cpp')].sort();
    assert.deepEqual(found, ['src/a/a.cpp', 'src/a/a.h', 'src/a/beside.h', 'src/b/b.h']);
  });

  it('changes with any of these, a comment included, with the flags and with the tools', () => {
    const before = key();
    assert.equal(key(), before);
    assert.notEqual(key('-O3'), before);
    assert.notEqual(key('-O2', 'clang-tidy 20'), before);
    write('src/b/other.h', 'int unrelated;\n');
    assert.equal(key(), before);
    write('src/b/b.h', '#include "a/a.h"  // NOLINT\n');
    assert.notEqual(key(), before);
  });
});
