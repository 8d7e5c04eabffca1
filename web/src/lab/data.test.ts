import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { gunzip, parseIdx, verify } from './data.ts';

describe('data', () => {
  const idx = Uint8Array.from([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);
  const file = { path: 'x.idx', bytes: idx.length, sha256: createHash('sha256').update(idx).digest('hex') };

  it('reads IDX files', () => {
    const { shape, data } = parseIdx(idx, 2, 'x.idx');
    assert.deepEqual(shape, [2, 3]);
    assert.deepEqual([...data], [1, 2, 3, 4, 5, 6]);
  });

  it('names what is wrong with an IDX file', () => {
    const error = (bytes: Uint8Array, message: RegExp) =>
      assert.throws(() => parseIdx(bytes, 2, 'x.idx'), { name: 'DataError', message });
    error(idx.subarray(0, 9), /x\.idx ends inside its header/);
    error(idx.subarray(0, 17), /declares 2×3 = 6 bytes but holds 5/);
    error(idx.with(3, 3), /starts with 0x00000803/);
    error(idx.with(4, 255).with(8, 255), /declares 4278190082×4278190083/);
  });

  it('checks size and hash', async () => {
    await verify(idx, file);
    await assert.rejects(verify(idx.with(12, 9), file), { name: 'DataError', message: /x\.idx is corrupted/ });
    await assert.rejects(verify(idx.subarray(1), file), { name: 'DataError', message: /17 bytes instead of 18/ });
  });

  it('uncompresses, refuses damage and bombs', async () => {
    const packed = new Uint8Array(gzipSync(idx));
    assert.deepEqual(await gunzip(packed, 'x.gz', 100), idx);
    await assert.rejects(gunzip(packed.subarray(0, 20), 'x.gz', 100), {
      name: 'DataError',
      message: /x\.gz is not a sound gzip file/,
    });
    await assert.rejects(gunzip(new Uint8Array(gzipSync(new Uint8Array(1000))), 'x.gz', 100), /more than 100 bytes/);
  });
});
