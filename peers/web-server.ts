// Serves the peers' pages: this folder with its types stripped, the libraries from the cache, and our own links. tools/serve.ts has a
// stricter policy than the libraries can live under.
import { readFile, realpath } from 'node:fs/promises';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';
import { kRoot } from '../tools/lib/command.ts';

const kTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** Isolated, so that there are threads and a fine clock; no Content-Security-Policy. */
const kHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** Packages that a library imports by name, which browsers can do in pages only, with import maps, and not in workers. */
const kNamed: Readonly<Record<string, string>> = {
  '@litertjs/wasm-utils': '/npm/@litertjs/wasm-utils/dist/index.js',
};

function rewriteImports(source: string): string {
  return source.replace(/(from\s*)(['"])([^'"]+)\2/g, (whole, from: string, quote: string, name: string) =>
    name in kNamed ? `${from}${quote}${kNamed[name]}${quote}` : whole,
  );
}

/** The bytes of a file as the browser gets them, or undefined if there is none. */
async function content(
  roots: Readonly<Record<string, string>>,
  pathname: string,
): Promise<Buffer | string | undefined> {
  const [, mount = '', ...rest] = decodeURIComponent(pathname).split('/');
  const root = roots[mount];
  const file = root && (await realpath(join(root, ...rest)).catch(() => undefined));
  if (!file || !file.startsWith((await realpath(root)) + sep)) return undefined;
  const extension = extname(file);
  if (!(extension in kTypes)) return undefined;
  if (extension === '.ts') return stripTypeScriptTypes(await readFile(file, 'utf8'));
  if (file.includes(`${sep}@litertjs${sep}`) && extension === '.js')
    return rewriteImports(await readFile(file, 'utf8'));
  return readFile(file);
}

export interface PeerServer {
  url: string;
  close(): void;
}

export async function servePeers(modules: string): Promise<PeerServer> {
  const roots = { peers: import.meta.dirname, npm: modules, optlab: join(kRoot, 'build') };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    content(roots, pathname).then(
      (body) => {
        const type = kTypes[extname(pathname)] ?? 'text/plain';
        response.writeHead(body === undefined ? 404 : 200, { ...kHeaders, 'Content-Type': type }).end(body);
      },
      (error: unknown) => response.writeHead(500, kHeaders).end(String(error)),
    );
  });
  await new Promise<void>((settle, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', settle);
  });
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
