// What a page has to download: a module's size is a feature, and it only grows by itself.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { brotliCompressSync, constants } from 'node:zlib';
import { kModuleTable } from '../tools/lib/modules.ts';
import { kBuilds } from './lib/library.ts';

describe('the size of the modules', () => {
  for (const build of kBuilds) {
    for (const [name, { most }] of Object.entries(kModuleTable)) {
      if (!most) continue;
      it(`${build}/${name}.wasm: at most ${most.bytes / 1000} KB, ${most.brotli / 1000} KB with brotli`, () => {
        const program = readFileSync(join(import.meta.dirname, '../web/public/wasm', build, `${name}.wasm`));
        assert.ok(program.length <= most.bytes, `${program.length} bytes`);
        const packed = brotliCompressSync(program, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
        assert.ok(packed.length <= most.brotli, `${packed.length} bytes with brotli`);
      });
    }
  }
});
