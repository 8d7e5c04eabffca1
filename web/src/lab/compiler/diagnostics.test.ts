import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDiagnostic, parseDiagnostics } from './diagnostics.ts';

describe('diagnostics', () => {
  it('reads place, range and text', () => {
    const [found] = parseDiagnostics("kernel.cpp:5:14:{5:14-5:28}: error: no matching function for call to 'f'");
    assert.deepEqual(found, {
      severity: 'error',
      file: 'kernel.cpp',
      line: 5,
      column: 14,
      range: { from: [5, 14], to: [5, 28] },
      message: "no matching function for call to 'f'",
    });
  });

  it('takes the first of several ranges, and none', () => {
    const [two, none] = parseDiagnostics(
      'kernel.cpp:1:7:{1:1-1:6}{2:9-2:12}: warning: comparison\nkernel.cpp:3:1: note: declared here',
    );
    assert.deepEqual(two?.range, { from: [1, 1], to: [1, 6] });
    assert.equal(none?.range, null);
    assert.equal(none?.severity, 'note');
  });

  it('calls a fatal error an error', () => {
    assert.equal(parseDiagnostics("kernel.cpp:1:10: fatal error: 'vector' file not found")[0]?.severity, 'error');
  });

  it('says what the linker means', () => {
    const said = (text: string) => parseDiagnostics(text)[0]?.message ?? '';
    assert.match(said('wasm-ld: error: kernel.o: undefined symbol: malloc'), /^malloc is used but defined nowhere/);
    assert.match(said('wasm-ld: error: symbol exported via --export not found: matmul'), /function matmul is missing/);
    assert.match(said("wasm-ld: error: Target feature 'atomics' used by kernel.o is not allowed."), /uses atomics/);
    assert.match(said('wasm-ld: error: initial memory too small, 999 bytes needed'), /need 999 bytes/);
    assert.equal(said('wasm-ld: error: something else'), 'something else');
  });

  it('ignores lines that are no diagnostics', () => {
    assert.deepEqual(
      parseDiagnostics('  12 | float x;\n3 errors generated.\n\nIn file included from kernel.cpp:1:\n'),
      [],
    );
  });

  it('keeps errors and no more than a hundred lines of a thousand characters', () => {
    const warnings = Array.from({ length: 5000 }, (_, i) => `kernel.cpp:${i + 1}:1: warning: again`);
    const found = parseDiagnostics([...warnings, `kernel.cpp:9:1: error: ${'x'.repeat(1e6)}`].join('\n'));
    assert.equal(found.length, 100);
    assert.equal(found.at(-1)?.severity, 'error');
    assert.ok((found.at(-1)?.message.length ?? 0) < 1100);
  });

  it('formats as compilers do', () => {
    for (const line of ['kernel.cpp:3:4: error: no', 'warning: it is so'])
      assert.equal(parseDiagnostics(line).map(formatDiagnostic).join(), line);
  });
});
