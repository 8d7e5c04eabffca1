// A library in a page of its own in a browser of its own.
import { chromium } from 'playwright-core';
import { chromiumPath, kChromiumFlags } from '../tools/lib/browser.ts';
import { processTree } from './quiet.ts';
import type { Check, Loaded, Peak, Session, Task, Timing } from './types.ts';

const kTimeLimitMs = 120_000;

export interface WebSessionOptions {
  /** Of peers' server. */
  url: string;
  library: string;
  threads: number;
}

export async function openWebSession(options: WebSessionOptions): Promise<Session & { browser: string }> {
  const server = await chromium.launchServer({ executablePath: chromiumPath(), args: [...kChromiumFlags] });
  const browser = await chromium.connect(server.wsEndpoint());
  const close = async () => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(kTimeLimitMs);
    await page.goto(`${options.url}/peers/web/page.html`);
    if (!(await page.evaluate('crossOriginIsolated'))) throw new Error('the page is not cross-origin isolated');

    const call = async <T>(method: string, ...args: unknown[]): Promise<T> => {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${method} took over ${kTimeLimitMs / 1000} s`)), kTimeLimitMs);
      });
      const result = page.evaluate(`call(${JSON.stringify(method)}, ${JSON.stringify(args)})`) as Promise<T>;
      try {
        return await Promise.race([result, limit]);
      } catch (error) {
        // Playwright puts its own words before the page's, and a stack behind them.
        const text = error instanceof Error ? error.message : String(error);
        throw new Error(text.replace(/^page\.evaluate: (Error: )?/, '').split('\n')[0]);
      } finally {
        clearTimeout(timer);
      }
    };
    const loaded = await call<Loaded>('load', options.library, options.threads);
    const root = server.process().pid!;
    return {
      loaded,
      browser: browser.version(),
      pids: () => processTree(root),
      prepare: (task: Task, row: string) => call<Check>('prepare', task, row),
      warm: (row: string, seconds: number) => call<Timing>('warm', row, seconds),
      repeat: (row: string, seconds: number) => call<Timing>('repeat', row, seconds),
      release: () => call<void>('release'),
      probe: (seconds: number) => call<Peak[]>('probe', seconds),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
