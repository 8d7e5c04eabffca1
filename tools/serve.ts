// Serves the built site as a static host would, with the headers it needs:
//
//   node tools/serve.ts [FOLDER] [--port N] [--host NAME] [--no-isolation]
//
// Cross-origin isolation (COOP and COEP) makes SharedArrayBuffer, and so WebAssembly threads, available; --no-isolation leaves it
// out, to try the single-threaded fallback. Scripts carry their own Content-Security-Policy, because a worker has the policy of its
// script's response and not that of the page's <meta>.
import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve, sep } from 'node:path';
import process from 'node:process';
import { parseArgs, promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { kIsolation, kPagePolicy, kScriptPolicy } from '#lab/offline/headers.ts';

const kTypes: Record<string, string> = {
  '.bin': 'application/octet-stream',
  '.css': 'text/css; charset=utf-8',
  // Plain bytes that the page unpacks itself: never with a Content-Encoding.
  '.gz': 'application/gzip',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pf_fragment': 'application/octet-stream',
  '.pf_index': 'application/octet-stream',
  '.pf_meta': 'application/octet-stream',
  '.png': 'image/png',
  '.safetensors': 'application/octet-stream',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.xml': 'application/xml; charset=utf-8',
};
const kCompressible = new Set([
  '.css',
  '.html',
  '.js',
  '.json',
  '.map',
  '.md',
  '.mjs',
  '.svg',
  '.txt',
  '.wasm',
  '.xml',
]);

const kVersionedToolchain = /^[\\/]toolchain[\\/][^\\/]+[\\/]/;

const compressors = {
  br: (body: Buffer) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (body: Buffer) => promisify(gzip)(body, { level: 6 }),
};
type Encoding = keyof typeof compressors;

export interface ServerOptions {
  /** The folder to serve. */
  root: string;
  /** 0 takes any free port. */
  port?: number;
  host?: string;
  /** Send COOP and COEP (default). */
  isolation?: boolean;
}

export interface RunningServer {
  url: string;
  close(): Promise<void>;
}

class HttpError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The file that a URL's path names, as its real path inside root. Throws HttpError (400, 404), or a redirect as {location}. */
async function findFile(root: string, pathname: string): Promise<{ file: string } | { location: string }> {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    throw new HttpError(400, `malformed escape in ${pathname}`);
  }
  // Browsers resolve ".." before they ask, so one that arrives is an attempt to leave, in plain or in disguise (%2e%2e, %2f).
  if (path.includes('\0') || path.includes('\\') || path.split('/').includes('..')) {
    throw new HttpError(400, 'the path leaves the site');
  }
  const wanted = resolve(join(root, path));
  const real = await realpath(wanted).catch(() => undefined);
  if (real === undefined) throw new HttpError(404, `${path} is not there`);
  if (real !== root && !real.startsWith(root + sep)) throw new HttpError(404, `${path} is not there`); // a link out of the site
  if (!(await stat(real)).isDirectory()) {
    if (path.endsWith('/')) throw new HttpError(404, `${path} is not a folder`);
    return { file: real };
  }
  // A path of several slashes would send the browser to another host ("//host/").
  if (!path.endsWith('/')) return { location: `${pathname.replace(/^\/+/, '/')}/` };
  const index = join(real, 'index.html');
  const isPage = await stat(index).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isPage) throw new HttpError(404, `${path} has no page`);
  return { file: index };
}

function chooseEncoding(request: IncomingMessage, extension: string): Encoding | undefined {
  if (!kCompressible.has(extension)) return undefined;
  const accepted = String(request.headers['accept-encoding'] ?? '')
    .split(',')
    .map((entry) => entry.trim().split(';'))
    .filter(([, quality]) => !/^\s*q=0(\.0*)?\s*$/.test(quality ?? ''))
    .map(([name]) => name);
  return (['br', 'gzip'] as const).find((encoding) => accepted.includes(encoding));
}

function baseHeaders(isolation: boolean, extension: string): Record<string, string> {
  const headers: Record<string, string> = {
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    Vary: 'Accept-Encoding',
  };
  if (isolation) Object.assign(headers, kIsolation);
  if (extension === '.js' || extension === '.mjs') headers['Content-Security-Policy'] = kScriptPolicy;
  if (extension === '.html') headers['Content-Security-Policy'] = kPagePolicy;
  return headers;
}

/** Starts the server and resolves once it listens. Rejects with Node's error (EADDRINUSE …) when it can't. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const root = await realpath(options.root);
  const isolation = options.isolation ?? true;
  const host = options.host ?? '127.0.0.1';
  // Compressing the WebAssembly files takes longer than sending them, so each version of a file is compressed once.
  const compressed = new Map<string, Buffer>();

  async function sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    file: string,
    status: number,
  ): Promise<void> {
    const extension = extname(file).toLowerCase();
    const content = await readFile(file);
    const headers = baseHeaders(isolation, extension);
    headers['Content-Type'] = kTypes[extension] ?? 'application/octet-stream';
    // These have a hash in their names or their folder's, so they never change; all else is asked for again and answered by its tag.
    const isHashed = file.startsWith(join(root, '_astro') + sep) || kVersionedToolchain.test(file.slice(root.length));
    headers['Cache-Control'] = isHashed ? 'public, max-age=31536000, immutable' : 'no-cache';
    const encoding = chooseEncoding(request, extension);
    const digest = createHash('sha256').update(content).digest('base64url').slice(0, 22);
    headers['ETag'] = `"${digest}${encoding ? `-${encoding}` : ''}"`;
    if (status === 200 && request.headers['if-none-match'] === headers['ETag']) {
      response.writeHead(304, headers).end();
      return;
    }
    let body: Buffer = content;
    if (encoding) {
      headers['Content-Encoding'] = encoding;
      const key = `${encoding} ${digest}`;
      body = compressed.get(key) ?? (await compressors[encoding](content));
      compressed.set(key, body);
    }
    headers['Content-Length'] = String(body.byteLength);
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      throw new HttpError(405, `${request.method} is not answered here`);
    }
    const target = request.url ?? '/';
    if (!target.startsWith('/')) throw new HttpError(400, 'the request names no path');
    const [pathname = '/', query] = target.split(/\?(.*)/s);
    const found = await findFile(root, pathname);
    if ('location' in found) {
      const location = query === undefined ? found.location : `${found.location}?${query}`;
      response.writeHead(301, { ...baseHeaders(isolation, ''), Location: location }).end();
    } else {
      await sendFile(request, response, found.file, 200);
    }
  }

  async function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    const status = error instanceof HttpError ? error.status : 500;
    if (status === 500) console.error(error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const page = join(root, '404.html');
    const wantsPage = status === 404 && String(request.headers.accept ?? '').includes('text/html');
    if (wantsPage && (await stat(page).catch(() => undefined))) {
      await sendFile(request, response, page, 404);
      return;
    }
    const text = status === 500 ? 'the server failed' : (error as HttpError).message;
    const headers = {
      ...baseHeaders(isolation, ''),
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
    };
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : `${status}: ${text}\n`);
  }

  const server = createServer((request, response) => {
    answer(request, response)
      .catch((error: unknown) => refuse(request, response, error))
      .catch(() => response.destroy());
  });
  await new Promise<void>((settle, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, settle);
  });
  const { port } = server.address() as AddressInfo;
  const name = host === '127.0.0.1' || host === '::1' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${name}:${port}`,
    close: () =>
      new Promise<void>((settle) => {
        server.close(() => settle());
        server.closeAllConnections();
      }),
  };
}

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Listens on the port asked for; a default port that is taken gives way to the next free one, one that was asked for does not. */
async function listen(options: ServerOptions, preferred: number, isFixed: boolean): Promise<RunningServer> {
  for (let port = preferred; ; port++) {
    try {
      return await startServer({ ...options, port });
    } catch (error) {
      if (errorCode(error) !== 'EADDRINUSE') throw error;
      if (isFixed || port >= preferred + 20) {
        throw new Error(`port ${port} is taken by another program; choose one with --port N`);
      }
      console.log(`port ${port} is taken, trying ${port + 1}`);
    }
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      'no-isolation': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log('usage: node tools/serve.ts [FOLDER] [--port N] [--host NAME] [--no-isolation]');
    return;
  }
  const folder = positionals[0] ?? 'web/dist';
  const asked = values.port ?? process.env['PORT'];
  const port = Number(asked ?? 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`port '${asked}' is no number from 0 to 65535`);
  if (!(await stat(join(folder, 'index.html')).catch(() => undefined))) {
    throw new Error(`${folder} holds no built site (no index.html); run tools/build first`);
  }
  const options: ServerOptions = { root: folder, isolation: !values['no-isolation'] };
  if (values.host !== undefined) options.host = values.host;
  const server = await listen(options, port, asked !== undefined);
  const stop = () => {
    void server.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  console.log('Ctrl-C stops the server.');
  console.log(`OptLab${options.isolation ? '' : ' without isolation (single-threaded)'}: ${server.url}/`);
}

if (process.argv[1] === import.meta.filename) {
  main().catch((error: unknown) => {
    console.error(`serve: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  });
}
