// WebKitGTK in a virtual screen, by WebKitWebDriver's classic protocol over plain fetch.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ended, mouse } from './firefox.ts';
import type { Tab } from './tab.ts';

export interface WebKitOptions {
  dark?: boolean;
  /** WebKitGTK has shared memory and relaxed SIMD only on request. Without them it shows what the page falls back to. */
  threads?: boolean;
}

/** WebKitGTK is built without web app manifests, and warns of the directive about them. */
const kKnown = "Unrecognized Content-Security-Policy directive 'manifest-src'";
const kStartLimitMs = 60_000;
const kAnswerLimitMs = 130_000;

export async function openWebKit({ dark = false, threads = false }: WebKitOptions = {}): Promise<Tab> {
  const folder = mkdtempSync(join(tmpdir(), 'optlab-webkit-'));
  const children: ChildProcess[] = [];
  const end = async () => {
    for (const child of children.reverse()) await ended(child);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1600x2400x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    children.push(screen);
    const display = await firstLine(screen);
    const port = await freePort();
    const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
      env: {
        ...process.env,
        DISPLAY: `:${display}`,
        HOME: folder,
        OPTLAB_WEBKIT_DATA: folder,
        GTK_THEME: dark ? 'Adwaita:dark' : 'Adwaita',
        ...(threads && { JSC_useSharedArrayBuffer: '1', JSC_useWasmRelaxedSIMD: '1' }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(driver);
    return await openTab(driver, `http://127.0.0.1:${port}`, end);
  } catch (error) {
    await end();
    throw error;
  }
}

async function openTab(driver: ChildProcess, address: string, end: () => Promise<void>): Promise<Tab> {
  const problems: string[] = [];
  const listen = (chunk: Buffer) => {
    for (const line of chunk.toString().split('\n')) {
      if (/CONSOLE.*\b(ERROR|WARN)/.test(line) && !line.includes(kKnown)) problems.push(line);
    }
  };
  driver.stdout?.on('data', listen);
  driver.stderr?.on('data', listen);
  const binary = join(import.meta.dirname, 'webkit_host.py');
  const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args: [] } } };
  await listening(address);
  const { sessionId } = await send<{ sessionId: string }>(address, 'POST', '/session', { capabilities });
  const command = <T = unknown>(method: string, path: string, body?: unknown) =>
    send<T>(address, method, `/session/${sessionId}${path}`, body);
  await command('POST', '/timeouts', { script: 60_000, pageLoad: 120_000 });
  const resize = async (width: number, height: number) => {
    await command('POST', '/window/rect', { x: 0, y: 0, width, height });
  };
  await resize(1280, 900);
  return {
    problems,
    resize,
    async open(url) {
      await command('POST', '/url', { url });
    },
    async call(source, args) {
      const script = `const [text, done] = arguments;
        Promise.resolve().then(() => (${source})(...JSON.parse(text)))
          .then((value) => done(JSON.stringify({ value: value ?? null })), (error) => done(JSON.stringify({ error: String(error) })));`;
      const reply = await command<string>('POST', '/execute/async', { script, args: [JSON.stringify(args)] });
      const { value, error } = JSON.parse(reply) as { value: unknown; error?: string };
      if (error !== undefined) throw new Error(`in the page: ${error}`);
      return value;
    },
    async press(x, y) {
      await command('POST', '/actions', { actions: mouse(x, y) });
    },
    async screenshot() {
      return Buffer.from(await command<string>('GET', '/screenshot'), 'base64');
    },
    async close() {
      await command('DELETE', '').catch(() => {}); // it is ended anyway
      await end();
    },
  };
}

async function send<T>(address: string, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(address + path, {
    signal: AbortSignal.timeout(kAnswerLimitMs), // a host that did not start leaves the driver waiting for ever
    method,
    ...(method === 'POST' && { body: JSON.stringify(body ?? {}) }),
  });
  const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
  if (!response.ok) throw new Error(`WebKit: ${value.error}: ${value.message}`);
  return value;
}

async function listening(address: string): Promise<void> {
  const limit = Date.now() + kStartLimitMs;
  for (;;) {
    try {
      await send(address, 'GET', '/status');
      return;
    } catch (error) {
      if (Date.now() > limit) throw error;
      await new Promise((settle) => setTimeout(settle, 50));
    }
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdio[3]?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
