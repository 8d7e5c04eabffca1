import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { type RunningServer, startServer } from './serve.ts';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

// Not fetch: it resolves ".." before asking, and decompresses what comes.
function ask(
  server: RunningServer,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const { port } = new URL(server.url);
  return new Promise((settle, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        settle({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

describe('the server', () => {
  let folder: string;
  let server: RunningServer;
  const script = 'export const answer = 42;\n'.repeat(200);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'optlab-serve-'));
    const site = join(folder, 'site');
    await mkdir(join(site, '_astro'), { recursive: true });
    await mkdir(join(site, 'lessons'));
    await mkdir(join(site, 'empty'));
    await writeFile(join(site, 'index.html'), '<h1>home</h1>');
    await writeFile(join(site, '404.html'), '<h1>lost</h1>');
    await writeFile(join(site, 'lessons/index.html'), '<h1>lessons</h1>');
    await writeFile(join(site, 'module.mjs'), script);
    await writeFile(join(site, 'module.wasm'), Buffer.from([0, 0x61, 0x73, 0x6d]));
    await writeFile(join(site, 'images.bin'), Buffer.alloc(1000));
    await writeFile(join(site, '_astro/page.abc123.js'), script);
    await mkdir(join(site, 'toolchain/clang-1'), { recursive: true });
    await writeFile(join(site, 'toolchain/toolchain.json'), '{}');
    await writeFile(join(site, 'toolchain/clang-1/program.wasm.gz'), gzipSync(script));
    await writeFile(join(folder, 'secret.txt'), 'secret');
    await symlink(join(folder, 'secret.txt'), join(site, 'link.txt'));
    await mkdir(join(folder, 'site-twin'));
    await writeFile(join(folder, 'site-twin/secret.txt'), 'secret');
    server = await startServer({ root: site });
  });

  after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  it('isolates every answer, an error too', async () => {
    for (const path of ['/', '/module.mjs', '/module.wasm', '/missing', '/lessons']) {
      const { headers } = await ask(server, path);
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin', path);
      assert.equal(headers['cross-origin-embedder-policy'], 'require-corp', path);
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin', path);
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
    }
  });

  it('leaves isolation out when told to', async () => {
    const open = await startServer({ root: join(folder, 'site'), isolation: false });
    try {
      const { headers } = await ask(open, '/');
      assert.equal(headers['cross-origin-opener-policy'], undefined);
      assert.equal(headers['cross-origin-embedder-policy'], undefined);
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    } finally {
      await open.close();
    }
  });

  it('gives scripts a policy without inline code or other origins', async () => {
    const { headers } = await ask(server, '/module.mjs');
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /script-src 'self' 'wasm-unsafe-eval'(;|$)/);
    assert.match(policy, /default-src 'self'(;|$)/);
    assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/);
  });

  it('leaves the policy of a page to its meta element', async () => {
    const { headers } = await ask(server, '/');
    assert.equal(headers['content-security-policy'], "frame-ancestors 'self'");
  });

  it('knows the types that browsers insist on', async () => {
    const types = { '/': 'text/html', '/module.mjs': 'text/javascript', '/module.wasm': 'application/wasm' };
    for (const [path, type] of Object.entries(types)) {
      const { headers } = await ask(server, path);
      assert.equal(String(headers['content-type']).split(';')[0], type);
    }
  });

  it('compresses what the client can read, and nothing else', async () => {
    const brotli = await ask(server, '/module.mjs', { 'accept-encoding': 'gzip, br' });
    assert.equal(brotli.headers['content-encoding'], 'br');
    assert.equal(brotliDecompressSync(brotli.body).toString(), script);
    const gzipped = await ask(server, '/module.mjs', { 'accept-encoding': 'gzip, br;q=0' });
    assert.equal(gzipped.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(gzipped.body).toString(), script);
    const plain = await ask(server, '/module.mjs');
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(plain.body.toString(), script);
    const binary = await ask(server, '/images.bin', { 'accept-encoding': 'gzip, br' });
    assert.equal(binary.headers['content-encoding'], undefined);
    assert.equal(binary.body.length, 1000);
    const packed = await ask(server, '/toolchain/clang-1/program.wasm.gz', { 'accept-encoding': 'gzip, br' });
    assert.equal(packed.headers['content-encoding'], undefined);
    assert.equal(gunzipSync(packed.body).toString(), script);
  });

  it('caches hashed names for ever and answers 304 for the others', async () => {
    const hashed = await ask(server, '/_astro/page.abc123.js');
    assert.match(String(hashed.headers['cache-control']), /immutable/);
    const versioned = await ask(server, '/toolchain/clang-1/program.wasm.gz');
    assert.match(String(versioned.headers['cache-control']), /immutable/);
    assert.equal((await ask(server, '/toolchain/toolchain.json')).headers['cache-control'], 'no-cache');
    const first = await ask(server, '/module.mjs');
    assert.equal(first.headers['cache-control'], 'no-cache');
    const tag = String(first.headers.etag);
    const second = await ask(server, '/module.mjs', { 'if-none-match': tag });
    assert.equal(second.status, 304);
    assert.equal(second.body.length, 0);
    const otherEncoding = await ask(server, '/module.mjs', { 'if-none-match': tag, 'accept-encoding': 'br' });
    assert.equal(otherEncoding.status, 200);
  });

  it('serves a folder by its index, under a path that ends in a slash', async () => {
    const redirect = await ask(server, '/lessons?threads=2');
    assert.equal(redirect.status, 301);
    assert.equal(redirect.headers.location, '/lessons/?threads=2');
    const page = await ask(server, '/lessons/');
    assert.equal(page.body.toString(), '<h1>lessons</h1>');
    const slashes = await ask(server, '//lessons');
    assert.equal(slashes.headers.location, '/lessons/');
  });

  it('answers 404 with the page to a browser and with a line to a program', async () => {
    const page = await ask(server, '/missing', { accept: 'text/html' });
    assert.equal(page.status, 404);
    assert.equal(page.body.toString(), '<h1>lost</h1>');
    const line = await ask(server, '/missing.json');
    assert.equal(line.status, 404);
    assert.equal(line.body.toString(), '404: /missing.json is not there\n');
    assert.equal((await ask(server, '/empty/')).status, 404);
    assert.equal((await ask(server, '/module.mjs/')).status, 404);
  });

  it('lets no path out of the folder', async () => {
    const paths = [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/lessons/..%2f..%2fsecret.txt',
      '/..%5csecret.txt',
      '/..%2fsite-twin%2fsecret.txt',
      '/link.txt',
      '/module.mjs%00.html',
      '/%',
    ];
    for (const path of paths) {
      const { status, body } = await ask(server, path);
      assert.ok(status === 400 || status === 404, `${path} gave ${status}`);
      assert.doesNotMatch(body.toString(), /^secret$/, path);
    }
  });

  it('answers HEAD without a body and refuses other methods', async () => {
    const head = await ask(server, '/module.mjs', {}, 'HEAD');
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.equal(head.headers['content-length'], String(script.length));
    const post = await ask(server, '/', {}, 'POST');
    assert.equal(post.status, 405);
    assert.equal(post.headers.allow, 'GET, HEAD');
  });

  it('rejects when its port is taken', async () => {
    const port = Number(new URL(server.url).port);
    await assert.rejects(startServer({ root: folder, port }), { code: 'EADDRINUSE' });
  });
});
