import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Assets, ownFile, type Asset } from './assets.ts';
import { DataError, StoppedError } from './errors.ts';

const never = new AbortController().signal;
const first = (bytes: Uint8Array) => bytes[0]!;

describe('files by name', () => {
  it('are fetched and parsed once by each who makes something of them', async () => {
    const fetched: string[] = [];
    const assets = new Assets((name) => (fetched.push(name), Promise.resolve(Uint8Array.of(name.length))));
    const made = (asset: Asset, maker: unknown) => assets.made(asset, maker, (bytes, what) => ({ bytes, what }), never);
    const [one, same, other] = await Promise.all([made('lm', 'a'), made('lm', 'a'), made('mlp', 'a')]);
    assert.equal(one, same);
    assert.equal(await made('lm', 'a'), one);
    assert.deepEqual(one, { bytes: Uint8Array.of(2), what: 'models/moby-lm.safetensors' });
    assert.notEqual(other, one);
    assert.notEqual(await made('lm', 'b'), one);
    assert.deepEqual(fetched, ['lm', 'mlp', 'lm']);
  });

  it('are tried again after a failure, also of the parser', async () => {
    let tries = 0;
    const assets = new Assets(() =>
      ++tries === 1 ? Promise.reject(new DataError('gone')) : Promise.resolve(Uint8Array.of(tries)),
    );
    const parse = (bytes: Uint8Array) => {
      if (bytes[0] === 2) throw new DataError('broken');
      return bytes[0];
    };
    const made = () => assets.made('lm', parse, parse, never);
    await assert.rejects(made(), /gone/);
    await assert.rejects(made(), /broken/);
    assert.equal(await made(), 3);
  });

  it('are given up when the last one who waits has gone, and not before', async () => {
    let ended = 0;
    const assets = new Assets((_, signal) => {
      signal.addEventListener('abort', () => ++ended);
      return new Promise(() => {});
    });
    const controllers = [new AbortController(), new AbortController()];
    const waiting = controllers.map(({ signal }) => assets.made('lm', first, first, signal));
    for (const [i, controller] of controllers.entries()) {
      controller.abort(new StoppedError());
      await assert.rejects(waiting[i]!, { name: 'StoppedError' });
      assert.equal(ended, i);
    }
    await assert.rejects(assets.made('lm', first, first, controllers[0]!.signal), { name: 'StoppedError' });
  });

  it('may be the reader’s own: read once, and the last one of a kind stays', async () => {
    const assets = new Assets(() => assert.fail('something was fetched'));
    const deleted: string[] = [];
    const parse = (_: Uint8Array, what: string) => ({ what, delete: () => void deleted.push(what) });
    const made = (asset: Asset) => assets.made(asset, parse, parse, never);
    const [a, b] = ['a', 'b'].map((name) => ownFile(`${name}.bin`, new Blob([name])));
    const one = await made(a!);
    assert.equal(await made({ ...a! }), one); // a copy, as it comes to a worker
    assert.deepEqual(deleted, []);
    assert.equal((await made(b!)).what, 'b.bin');
    assert.deepEqual(deleted, ['a.bin']);
    assert.notEqual(await made(a!), one);
    const gone = new Blob(['c']);
    gone.arrayBuffer = () => Promise.reject(new Error('it was moved'));
    await assert.rejects(made(ownFile('c.bin', gone)), { name: 'DataError', message: /c\.bin could not be read/ });
  });
});
