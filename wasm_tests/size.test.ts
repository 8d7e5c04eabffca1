// What a page has to download: the library's size is a feature, and it only grows by itself.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { brotliCompressSync, constants } from 'node:zlib';

const kMostBytes = 450_000;
const kMostBrotliBytes = 145_000;

describe('the size of the library', () => {
  for (const build of ['simd', 'simd-threads', 'relaxed', 'relaxed-threads']) {
    for (const file of ['optlab.wasm', 'models.wasm', 'lm.wasm'])
      it(`${build}/${file}: at most ${kMostBytes / 1000} KB, ${kMostBrotliBytes / 1000} KB with brotli`, () => {
        const program = readFileSync(join(import.meta.dirname, '../web/public/wasm', build, file));
        assert.ok(program.length <= kMostBytes, `${program.length} bytes`);
        const packed = brotliCompressSync(program, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
        assert.ok(packed.length <= kMostBrotliBytes, `${packed.length} bytes with brotli`);
      });
  }
});
