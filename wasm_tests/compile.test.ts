// Students' compiler itself: what it says, what it refuses, what its checks find.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadToolchain } from '../tools/lib/toolchain.ts';
import { compile, kPageBytes, trapSite, type CompileOptions } from '#lab/compiler/compile.ts';
import type { Toolchain } from '#lab/compiler/toolchain.ts';
import { exerciseHeader } from '#lab/grading/exercise.ts';
import { Kernel } from '#lab/grading/kernel.ts';
import { KernelTrap, Violation } from '#lab/grading/verdict.ts';

const kSignature = 'int run(const float* x, float* y, int n)';
const kHeader = exerciseHeader({ functions: [{ declaration: kSignature, doc: ['Whatever a test asks for.'] }] });

let toolchain: Toolchain;
before(async () => void (toolchain = await loadToolchain()));

function build(source: string, more: Partial<CompileOptions> = {}) {
  const options = {
    headers: { 'exercise.h': kHeader },
    exports: ['run'],
    memoryPages: 16,
    mode: 'fast',
    ...more,
  } as const;
  return compile(toolchain, { source, ...options });
}

async function errorOf(source: string, more: Partial<CompileOptions> = {}): Promise<string> {
  const { wasm, diagnostics } = await build(source, more);
  assert.equal(wasm, null);
  return diagnostics.find(({ severity }) => severity === 'error')?.message ?? 'no error';
}

async function kernelOf(source: string, more: Partial<CompileOptions> = {}): Promise<Kernel> {
  const { wasm, diagnostics } = await build(source, more);
  assert.ok(wasm, JSON.stringify(diagnostics));
  return Kernel.create({ module: await WebAssembly.compile(wasm) });
}

describe('diagnostics of the real compiler', () => {
  it('are warnings at their range, and the module is made', async () => {
    const { wasm, diagnostics } = await build(
      `#include "exercise.h"\n${kSignature} {\n  int unused = n;\n  return 0;\n}\n`,
    );
    assert.ok(wasm);
    const [found] = diagnostics;
    assert.deepEqual([found?.severity, found?.file, found?.line, found?.column], ['warning', 'kernel.cpp', 3, 7]);
    assert.match(found?.message ?? '', /unused variable/);
  });

  it('underline what an error speaks of', async () => {
    const { diagnostics } = await build(`${kSignature} {\n  return n + missing;\n}\n`, { mode: 'syntax' });
    assert.equal(diagnostics[0]?.severity, 'error');
    assert.deepEqual([diagnostics[0]?.line, diagnostics[0]?.column], [2, 14]);
    assert.match(diagnostics[0]?.message ?? '', /undeclared identifier 'missing'/);
  });

  it('are none for a right source, in every mode', async () => {
    const source = `#include "exercise.h"\n#include <optlab.h>\n${kSignature} {\n  y[0] = expf(x[0]);\n  return n;\n}\n`;
    for (const mode of ['fast', 'checked', 'syntax'] as const) {
      const { wasm, diagnostics } = await build(source, { mode });
      assert.deepEqual(diagnostics, []);
      assert.equal(wasm === null, mode === 'syntax');
    }
  });

  it('say in plain words what the linker misses', async () => {
    assert.match(await errorOf('#include "exercise.h"\n'), /the function run is missing: define it/);
    const calls = `extern "C" void* malloc(unsigned long);\n${kSignature} { return malloc(n) != nullptr; }\n`;
    assert.match(await errorOf(calls), /malloc is used but defined nowhere: there is no C or C\+\+ standard library/);
  });

  it("name a signature that is not the header's", async () => {
    const message = await errorOf('extern "C" int run(const float* x, float* y, long n) { return n; }\n');
    assert.match(message, /conflicting types for 'run'/);
  });

  it('stop deep templates, endless constants and sources that nobody wrote', async () => {
    const deep = 'template <int n> struct D { static constexpr int v = D<n - 1>::v; };\nint x = D<900>::v;\n';
    assert.match(await errorOf(deep), /exceeded maximum depth of 128/);
    const endless =
      'constexpr int f() { int s = 0; for (long i = 0; i < 1000000000; ++i) s ^= i; return s; }\nconstexpr int x = f();\n';
    const { diagnostics } = await build(endless);
    assert.ok(diagnostics.some(({ message }) => /constexpr evaluation hit maximum step limit/.test(message)));
    assert.match(await errorOf('//'.repeat(200_000)), /the source has 391 KB; at most 256 KB/);
  });

  it('refuse instructions that the exercise does not allow, and only those', async () => {
    const source = `#include <wasm_simd128.h>\n__attribute__((target("relaxed-simd"))) ${kSignature} {
  v128_t v = wasm_v128_load(x);
  wasm_v128_store(y, __builtin_wasm_relaxed_madd_f32x4(v, v, v));
  return 0;\n}\n`;
    assert.match(await errorOf(source), /uses relaxed-simd instructions/);
    assert.ok((await build(source, { relaxed: true })).wasm);
  });
});

describe('modules', () => {
  it('are the same bytes every time, whatever the time of day', async () => {
    const source = `const char* when = __DATE__ __TIME__;\n${kSignature} { y[0] = when[n]; return 0; }\n`;
    for (const mode of ['fast', 'checked'] as const) {
      const [a, b] = [await build(source, { mode }), await build(source, { mode })];
      assert.ok(a.wasm);
      assert.deepEqual(a.wasm, b.wasm);
    }
  });

  it('come with assembly and remarks where asked for', async () => {
    const source = `${kSignature} {\n  for (int i = 0; i < n; ++i) y[i] = 2 * x[i];\n  return 0;\n}\n`;
    const { assembly, diagnostics } = await build(source, { assembly: true, remarks: true });
    assert.match(assembly ?? '', /f32x4\.(mul|add)/);
    const remark = diagnostics.find(({ message }) => message.startsWith('vectorized loop'));
    assert.deepEqual([remark?.severity, remark?.line], ['remark', 2]);
    assert.equal((await build(source)).assembly, null);
  });

  it('may have static local variables with constructors', async () => {
    const kernel = await kernelOf(
      `struct Counter { int n; Counter(int from) : n(from) {} };\n${kSignature} { static Counter counter(n); return ++counter.n; }\n`,
    );
    assert.equal(kernel.callUnchecked('run', 0, 0, 5), 6);
    assert.equal(kernel.callUnchecked('run', 0, 0, 5), 7);
  });

  it('live at an address of a memory that is not theirs, and touch nothing below or above', async () => {
    const address = 3 * kPageBytes;
    const stackBytes = kPageBytes;
    const source = `int kept[4] = {1, 2, 3, 4};\n${kSignature} {\n  volatile int local[100] = {};\n  local[n] = kept[n]++;\n  return local[n];\n}\n`;
    const { wasm, diagnostics } = await build(source, { base: { address, stackBytes, shared: false } });
    assert.ok(wasm, JSON.stringify(diagnostics));
    const memory = new WebAssembly.Memory({ initial: 8, maximum: 8 });
    const bytes = new Uint8Array(memory.buffer).fill(0xa5);
    const { exports } = new WebAssembly.Instance(await WebAssembly.compile(wasm), { env: { memory } });
    const end = (exports['__heap_base'] as WebAssembly.Global<'i32'>).value;
    assert.ok(end > address + stackBytes && end < address + 2 * kPageBytes, String(end));
    const run = exports['run'] as (x: number, y: number, n: number) => number;
    assert.deepEqual([run(0, 0, 2), run(0, 0, 2)], [3, 4]);
    assert.ok(bytes.subarray(0, address).every((byte) => byte === 0xa5));
    assert.ok(bytes.subarray(end).every((byte) => byte === 0xa5));
  });
});

describe('checked modules', () => {
  const kFaults: [string, string, RegExp][] = [
    ['an index outside of an array', 'volatile int a[4] = {}; return a[n + 4];', /out of bounds/i],
    ['signed overflow', 'int big = 2147483647; return big + n;', /signed integer addition overflow/i],
    ['division by zero', 'return 7 / (n - 1);', /divi/i],
    ['a null pointer', 'float* p = n ? nullptr : y; *p = 1; return 0;', /null/i],
    ['misalignment', 'return *(const int*)((const char*)x + n);', /align/i],
    ['a shift too far', 'return 1 << (n + 40);', /shift/i],
    ['a float too large for an int', 'return (int)(1e20f * n);', /cast|conver|represent|range/i],
    ['no return value', 'if (n == 0) return 1;', /return|end of/i],
  ];
  for (const [what, body, reason] of kFaults) {
    it(`name the line and the reason of ${what}`, async () => {
      const source = `#include "exercise.h"\n\n${kSignature} {\n  ${body}\n}\n`;
      const { wasm, diagnostics } = await build(source, { mode: 'checked' });
      assert.ok(wasm, JSON.stringify(diagnostics));
      const kernel = await Kernel.create({ module: await WebAssembly.compile(wasm) });
      const x = kernel.input('x', Float32Array.of(1, 2, 3, 4));
      const y = kernel.output('y', 'f32', [4]);
      let trap: KernelTrap | null = null;
      try {
        kernel.call('run', x, y, 1);
      } catch (error) {
        if (error instanceof KernelTrap) trap = error;
      }
      assert.ok(trap?.offset, 'it trapped, and the engine says where');
      const site = await trapSite(toolchain, wasm, trap.offset);
      assert.ok(site.line === 4 || (what === 'no return value' && site.line === 5), JSON.stringify(site));
      assert.match(site.reason ?? '', reason);
    });
  }

  it('do not trap where nothing is wrong', async () => {
    const kernel = await kernelOf(`${kSignature} { unsigned u = 4294967295u; y[0] = x[n]; return int(u + 1u); }\n`, {
      mode: 'checked',
    });
    const x = kernel.input('x', Float32Array.of(1, 2));
    const y = kernel.output('y', 'f32', [1]);
    assert.equal(kernel.call('run', x, y, 1), 0);
    assert.deepEqual([...kernel.read(y)], [2]);
  });
});

describe('kernels', () => {
  const kAt = `${kSignature} { y[n] = 1; return 0; }\n`;

  it('are caught beside every buffer, on both sides, with its name', async () => {
    const kernel = await kernelOf(kAt);
    const x = kernel.input('x', new Float32Array(5));
    const y = kernel.output('y', 'f32', [5]);
    const said = (n: number) => {
      try {
        kernel.call('run', x, y, n);
      } catch (error) {
        if (error instanceof Violation) return error.message;
        throw error;
      }
      return '';
    };
    assert.equal(said(4), '');
    assert.match(said(5), /past the end of y \(5 floats\)/);
  });

  it('are caught far from every buffer if watched', async () => {
    const { wasm } = await build(kAt);
    assert.ok(wasm);
    const module = await WebAssembly.compile(wasm);
    for (const [n, where] of [
      [70_000, /past the end of y/],
      [-7, null],
    ] as const) {
      const kernel = await Kernel.create({ module, watch: true });
      const y = kernel.output('y', 'f32', [5]);
      kernel.callUnchecked('run', 0, y, n);
      if (where === null) assert.throws(() => kernel.checkGaps(), /before the start of y/);
      else assert.throws(() => kernel.checkGaps(), where);
    }
    const kernel = await Kernel.create({ module, watch: true });
    kernel.callUnchecked('run', 0, kernel.output('y', 'f32', [5]), 4);
    kernel.checkGaps();
  });

  it('trap one step past a buffer that is flush with the end of memory', async () => {
    const { wasm } = await build(kAt);
    assert.ok(wasm);
    const kernel = await Kernel.create({ module: await WebAssembly.compile(wasm), flush: 1 });
    kernel.input('x', new Float32Array(3));
    const y = kernel.output('y', 'f32', [3]);
    kernel.call('run', 0, y, 2);
    assert.throws(() => kernel.call('run', 0, y, 3), KernelTrap);
  });

  it('find outputs poisoned, and poisoned again after reset', async () => {
    const kernel = await kernelOf(kAt);
    for (let i = 0; i < 2; ++i) {
      const y = kernel.output('y', 'f32', [3]);
      assert.ok(kernel.read(y).every(Number.isNaN));
      kernel.call('run', 0, y, 1);
      assert.equal(kernel.read(y)[1], 1);
      kernel.reset();
    }
  });

  it('have room for what fits, and say what does not', async () => {
    const kernel = await kernelOf(kAt);
    assert.throws(() => kernel.output('y', 'f32', [16 * kPageBytes]), /y \(4194304 bytes\) does not fit/);
  });
});
