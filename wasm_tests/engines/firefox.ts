// Firefox, by WebDriver BiDi over a plain WebSocket.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Tab } from './tab.ts';

export interface FirefoxOptions {
  dark?: boolean;
}

interface Reply {
  id?: number;
  type: string;
  method?: string;
  message?: string;
  result?: Record<string, unknown>;
  params?: Record<string, unknown>;
}

/** Nothing is fetched but what pages ask for; without the service worker each page is as the server sends it. */
const kPreferences: Record<string, string | number | boolean> = {
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'dom.serviceWorkers.enabled': false,
};

const kStartLimitMs = 120_000;

class Session {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #serial = 0;

  constructor(socket: WebSocket, onEvent: (method: string, params: Record<string, unknown>) => void) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.id === undefined) return onEvent(reply.method ?? '', reply.params ?? {});
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.type === 'error') waiting?.reject(new Error(`Firefox: ${reply.message}`));
      else waiting?.resolve(reply.result as never);
    });
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Firefox has closed the connection'));
    });
  }

  send<T = unknown>(method: string, params: Record<string, unknown> = {}): Promise<T> {
    const id = ++this.#serial;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

export async function openFirefox({ dark = false }: FirefoxOptions = {}): Promise<Tab> {
  const profile = mkdtempSync(join(tmpdir(), 'optlab-firefox-'));
  const preferences = { ...kPreferences, 'layout.css.prefers-color-scheme.content-override': dark ? 0 : 1 };
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
  writeFileSync(join(profile, 'user.js'), lines.join('\n'));
  const argv = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank'];
  const child = spawn(process.env['FIREFOX'] ?? 'firefox-esr', argv, {
    env: { ...process.env, HOME: profile },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const end = async () => {
    await ended(child);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const socket = new WebSocket(`${await address(child)}/session`);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('Firefox refused the connection')));
    });
    return await openTab(socket, end);
  } catch (error) {
    await end();
    throw error;
  }
}

async function openTab(socket: WebSocket, end: () => Promise<void>): Promise<Tab> {
  const problems: string[] = [];
  const session = new Session(socket, (method, params) => {
    const level = params['level'];
    if (method === 'log.entryAdded' && (level === 'error' || level === 'warn')) {
      problems.push(`${level}: ${String(params['text'])}`);
    }
  });
  await session.send('session.new', { capabilities: {} });
  await session.send('session.subscribe', { events: ['log.entryAdded'] });
  const { contexts } = await session.send<{ contexts: { context: string }[] }>('browsingContext.getTree');
  const context = contexts[0]?.context;
  const resize = async (width: number, height: number) => {
    await session.send('browsingContext.setViewport', { context, viewport: { width, height } });
  };
  await resize(1280, 900);
  return {
    problems,
    resize,
    async open(url) {
      await session.send('browsingContext.navigate', { context, url, wait: 'complete' });
    },
    async call(source, args) {
      const reply = await session.send<{
        type: string;
        result?: { value: string };
        exceptionDetails?: { text: string };
      }>('script.callFunction', {
        functionDeclaration: `async (args) => JSON.stringify((await (${source})(...JSON.parse(args))) ?? null)`,
        arguments: [{ type: 'string', value: JSON.stringify(args) }],
        target: { context },
        awaitPromise: true,
      });
      if (reply.result === undefined) throw new Error(`in the page: ${reply.exceptionDetails?.text}`);
      return JSON.parse(reply.result.value);
    },
    async press(x, y) {
      await session.send('input.performActions', { context, actions: mouse(x, y) });
    },
    async screenshot() {
      const { data } = await session.send<{ data: string }>('browsingContext.captureScreenshot', { context });
      return Buffer.from(data, 'base64');
    },
    async close() {
      socket.close();
      await end();
    },
  };
}

/** Both protocols write a press of the mouse alike. */
export function mouse(x: number, y: number): unknown[] {
  const steps = [
    { type: 'pointerMove', x, y },
    { type: 'pointerDown', button: 0 },
    { type: 'pointerUp', button: 0 },
  ];
  return [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions: steps }];
}

/** Where Firefox listens; it says so on its error output. */
function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const limit = setTimeout(() => reject(new Error(`Firefox did not start: ${said}`)), kStartLimitMs);
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said)?.[1];
      if (found === undefined) return;
      clearTimeout(limit);
      resolve(found);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Firefox ended with ${code}: ${said}`)));
  });
}

/** Ends a process that we started and waits until it is gone. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((settle) => child.once('exit', settle));
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(limit);
}
