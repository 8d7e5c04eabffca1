import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSettings, writeSettings } from './url-state.ts';

describe('url settings', () => {
  it('survive a round trip beside other parameters', () => {
    const search = writeSettings('?q=a%20b&race=size:1', 'race', { size: '64x784x256', rungs: 'naive,simd' });
    assert.equal(search, '?q=a+b&race=size:64x784x256;rungs:naive,simd');
    assert.deepEqual(readSettings(search, 'race'), { size: '64x784x256', rungs: 'naive,simd' });
    assert.equal(writeSettings('?race=x:1', 'race', {}), '');
  });

  it('leave those of other experiments readable', () => {
    const search = writeSettings('?race=size:1x2x3;rungs:naive,simd', 'classify', { threads: '2' });
    assert.equal(search, '?race=size:1x2x3;rungs:naive,simd&classify=threads:2');
  });

  it('ignore what is broken', () => {
    assert.deepEqual(readSettings('?race=;;nonsense;a:;:b', 'race'), { a: '' });
    assert.deepEqual(readSettings('', 'race'), {});
  });
});
