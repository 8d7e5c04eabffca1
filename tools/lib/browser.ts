// Chromium for tests and pictures: $CHROMIUM, else /usr/bin/chromium.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { chromium, type Browser } from 'playwright-core';

// As root in a container Chromium needs --no-sandbox; the others keep it from calling home, which the tests would see as requests.
export const kChromiumFlags: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where Chromium lies. Throws when it isn't there. */
export function chromiumPath(): string {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(`${executablePath} is missing: run tools/setup --for test, or set CHROMIUM`);
  }
  return executablePath;
}

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: [...kChromiumFlags] });
}
