// The text processing by itself; wasm_tests/insight.test.ts holds it against what the compiler writes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDiagnostics } from './diagnostics.ts';
import {
  loopLabel,
  loopReports,
  loopSummary,
  mainFunction,
  parseAssembly,
  sourceLabel,
  sourceName,
} from './insight.ts';

const kText = `	.file	"kernel.cpp"
	.functype	scale (i32, i32) -> ()
	.section	.text.scale,"",@
	.globl	scale                           # -- Begin function scale
	.type	scale,@function
scale:                                  # @scale
.Lfunc_begin0:
	.file	1 "kernel.cpp"
	.file	2 "/usr/include" "optlab.h"
	.loc	1 1 0                           # kernel.cpp:1:0
	.functype	scale (i32, i32) -> ()
	.local  	i32, v128
# %bb.0:                                # %entry
	block   	
	local.get	1
	i32.eqz
	br_if   	0                               # 0: down to label0
.LBB0_1:                                # %for.body
                                        # =>This Loop Header: Depth=1
	.loc	1 3 5                           # kernel.cpp:3:5
	loop    	                                # label1:
	.loc	2 9 5                           # optlab.h:9:5
	loop    	                                # label2:
	local.get	0
	v128.load	0:p2align=2
	.loc	1 5 5                           # kernel.cpp:5:5
	f32x4.splat
	br_if   	0                               # 0: up to label2
# %bb.2:
	end_loop
	.loc	1 0 5                           # kernel.cpp:0:5
	br_if   	0                               # 0: up to label1
	end_loop
	end_block                               # label0:
                                        # fallthrough-return
	end_function
                                        # -- End function
	.section	.debug_abbrev,"",@
	.int8	1                               # Abbreviation Code
	.ident	"clang version 22.1.0"
`;

describe("the compiler's text", () => {
  const [scale] = parseAssembly(kText);
  assert.ok(scale !== undefined);

  it('is read without directives, sections and labels', () => {
    assert.equal(parseAssembly(kText).length, 1);
    assert.equal(scale.name, 'scale');
    assert.equal(scale.type, '(i32, i32) -> ()');
    const operations = scale.lines.map(({ operation }) => operation);
    assert.deepEqual(operations.slice(0, 6), ['block', 'local.get', 'i32.eqz', 'br_if', 'loop', 'loop']);
    assert.equal(operations.length, 14);
    assert.equal(scale.lines[3]?.comment, '→ label0');
    assert.deepEqual(
      scale.lines.map(({ depth }) => depth),
      [0, 1, 1, 1, 1, 2, 3, 3, 3, 3, 2, 2, 1, 0],
    );
  });

  it('counts what its loops consist of', () => {
    const [outer, inner] = scale.loops;
    assert.ok(outer !== undefined && inner !== undefined && scale.loops.length === 2);
    assert.deepEqual([outer.isInner, outer.depth, outer.instructions], [false, 1, 5]);
    assert.deepEqual([inner.isInner, inner.depth, inner.from, inner.to], [true, 2, 5, 10]);
    assert.deepEqual([inner.instructions, inner.simd, inner.memory, inner.moves], [4, 2, 1, 1]);
    assert.equal(loopLabel(inner), 'Inner loop: 4 instructions, 2 of them SIMD');
    assert.deepEqual([scale.instructions, scale.simd], [8, 2]);
    assert.deepEqual(
      scale.lines.map((line) => line.inner),
      [null, null, null, null, null, 1, 1, 1, 1, 1, 1, null, null, null],
    );
  });

  it('leads back to lines of the source, not of headers', () => {
    const [outer, inner] = scale.loops;
    assert.deepEqual(inner?.source, [5]);
    assert.equal(sourceLabel(inner!), 'line 5');
    assert.equal(sourceLabel({ ...inner!, source: [5, 7, 9] }), 'lines 5–9');
    assert.equal(sourceLabel({ ...outer!, source: [] }), '');
  });

  it('may be anything at all', () => {
    for (const text of [
      '',
      'garbage',
      '\tend_loop\n\tend_function',
      'f:\n\t.functype\tf () -> ()\n\tend_loop\n\tloop',
    ]) {
      assert.deepEqual(parseAssembly(text), []);
    }
    assert.equal(mainFunction([]), 0);
  });

  it('names functions as the source does', () => {
    assert.equal(sourceName('matmul'), 'matmul');
    assert.equal(sourceName('_Z6prefixPfi'), 'prefix');
    assert.equal(sourceName('_ZL10sideeffectPii'), 'sideeffect');
    assert.equal(sourceName('_ZN3Foo3addIfEET_S1_S1_'), 'Foo::add');
    assert.equal(sourceName('_ZNK12_GLOBAL__N_13Foo3getEv'), '(anonymous)::Foo::get');
    assert.equal(sourceName('_Zrm1AS_'), '_Zrm1AS_', 'what is not understood stays');
  });
});

describe('remarks', () => {
  const reports = (text: string) => loopReports(parseDiagnostics(text));

  it('become one report for each loop, with the reason that stands in the way', () => {
    const [inner, outer] =
      reports(`kernel.cpp:8:22: remark: loop not vectorized: cannot prove it is safe to reorder floating-point operations; allow reordering by x [-Rpass-analysis=loop-vectorize]
kernel.cpp:7:7: remark: loop not vectorized [-Rpass-missed=loop-vectorize]
kernel.cpp:9:3: remark: vectorized loop (vectorization width: 4, interleaved count: 2) [-Rpass=loop-vectorize]
kernel.cpp:9:3: remark: vectorized loop (vectorization width: 4, interleaved count: 2) [-Rpass=loop-vectorize]`);
    assert.equal(inner?.line, 7);
    assert.equal(inner.vectorized, 'no');
    assert.equal(inner.reasons.length, 1);
    assert.deepEqual([inner.reasons[0]?.line, inner.reasons[0]?.column], [8, 22]);
    assert.match(inner.reasons[0]?.sentence ?? '', /one sum/);
    assert.equal(outer?.sentence, 'Vectorized: 4 values at a time, 2 vectors in each step.');
    assert.equal(loopSummary([inner, outer]), '1 of 2 loops is vectorized by the compiler.');
  });

  it('of copies of one loop are taken together', () => {
    const [loop, ...others] =
      reports(`kernel.cpp:5:5: remark: vectorized loop (vectorization width: 4, interleaved count: 1) [-R]
kernel.cpp:6:9: remark: loop not vectorized: call instruction cannot be vectorized [-R]
kernel.cpp:5:5: remark: loop not vectorized [-R]`);
    assert.equal(others.length, 0);
    assert.equal(loop?.vectorized, 'some');
    assert.match(loop.sentence, /some of the copies/);
  });

  it('that give a reason and name no loop stand for themselves', () => {
    const found =
      reports(`kernel.cpp:4:66: remark: loop not vectorized: Auto-vectorization of loops with potentially faulting load is not supported [-R]
kernel.cpp:9:3: remark: vectorized loop (vectorization width: 8, interleaved count: 1) [-R]`);
    assert.deepEqual(
      found.map(({ line, vectorized, width }) => [line, vectorized, width]),
      [
        [4, 'no', 1],
        [9, 'yes', 8],
      ],
    );
    assert.match(found[0]?.reasons[0]?.sentence ?? '', /end early/);
  });

  it('that nobody foresaw are shown as they are', () => {
    const [loop] = reports('kernel.cpp:4:6: remark: loop not vectorized: something new [-R]');
    assert.equal(loop?.reasons[0]?.sentence, 'The compiler says: something new.');
  });

  it('about headers, errors and warnings are left out', () => {
    assert.deepEqual(
      reports(`optlab.h:4:6: remark: loop not vectorized: x [-R]
kernel.cpp:1:1: error: loop not vectorized: x`),
      [],
    );
    assert.match(loopSummary([]), /nothing about loops/);
  });
});
