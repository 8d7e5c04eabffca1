import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { checkDependencies } from './check-dependencies.ts';

/** Checks a tree of files and returns its breaches as "file:line message". */
function breachesOf(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'optlab-deps-'));
  try {
    for (const [path, text] of Object.entries({ ...kGood, ...files })) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkDependencies(root).breaches.map(({ file, line, message }) => `${file}:${line} ${message}`);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const kGood: Record<string, string> = {
  'CMakeLists.txt': [
    'project(x)',
    'add_subdirectory(src/core)',
    'add_subdirectory(src/gemm)  # above core',
    'if(EMSCRIPTEN)',
    '  add_subdirectory(src/bindings)',
    'endif()',
  ].join('\n'),
  'cmake/json.cmake': 'add_library(optlab_json INTERFACE)\n',
  'src/core/CMakeLists.txt': 'optlab_module(core\n  SOURCES core.cpp)\n',
  'src/core/core.h': '#include <vector>\n',
  'src/core/core.cpp': '#include "core/core.h"\n',
  'src/gemm/CMakeLists.txt': 'optlab_module(gemm\n  DEPS core json\n  SOURCES gemm.cpp)\n',
  'src/gemm/gemm.h': '#include "core/core.h"\n',
  'src/gemm/gemm.cpp': '#include "gemm/gemm.h"\n',
  'src/bindings/CMakeLists.txt': 'add_executable(x x.cpp)\ntarget_link_libraries(x PRIVATE optlab_gemm)\n',
  'src/bindings/x.cpp': '#include <emscripten/bind.h>\n\n#include "gemm/gemm.h"\n',
};

describe('the dependency check', () => {
  it('accepts declared includes of modules that come before', () => {
    assert.deepEqual(breachesOf({}), []);
  });

  it('names file and line of an include that is not declared', () => {
    const found = breachesOf({ 'src/bindings/x.cpp': '#include "gemm/gemm.h"\n#include "core/core.h"\n' });
    assert.equal(found.length, 1);
    assert.match(found[0]!, /^src\/bindings\/x\.cpp:2 .*does not declare core/);
  });

  it('refuses an upward include', () => {
    const found = breachesOf({ 'src/core/core.cpp': '\n#include "gemm/gemm.h"\n' });
    assert.equal(found.length, 1);
    assert.match(found[0]!, /^src\/core\/core\.cpp:2 .*core stands below gemm/);
  });

  it('refuses a declared cycle at the line that closes it', () => {
    const found = breachesOf({
      'cmake/json.cmake': 'add_library(optlab_json INTERFACE)\n',
      'src/core/CMakeLists.txt': 'optlab_module(core\n  SOURCES core.cpp\n  # why not\n  DEPS gemm)\n',
      'src/core/core.cpp': '#include "gemm/gemm.h"\n',
    });
    assert.equal(found.length, 1);
    assert.match(found[0]!, /^src\/core\/CMakeLists\.txt:4 .*upward dependency/);
  });

  it('refuses what it cannot place', () => {
    const missing = breachesOf({ 'src/gemm/CMakeLists.txt': 'optlab_module(gemm DEPS core conv SOURCES gemm.cpp)' });
    assert.match(missing.join(), /gemm depends on conv, which is no module/);
    const relative = breachesOf({ 'src/gemm/gemm.cpp': '#include "../core/core.h"\n#include "gemm.h"\n' });
    assert.equal(relative.length, 2);
    const stray = breachesOf({ 'src/quant/quant.cpp': '' });
    assert.match(stray.join(), /src\/quant has sources but is not added/);
    const unknown = breachesOf({ 'src/gemm/gemm.cpp': '#include "fmt/core.h"\n' });
    assert.match(unknown.join(), /gemm\.cpp:1 .*fmt is no module/);
  });
});
