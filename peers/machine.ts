// What the figures were taken on; nothing that names the machine itself.
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem, type } from 'node:os';
import type { Section } from './types.ts';

const kTelling = ['avx2', 'fma', 'avx_vnni', 'avx512f', 'avx512_vnni', 'amx_tile', 'asimd', 'sve'];

function readOr(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

export function machine(): Section['machine'] {
  const info = readOr('/proc/cpuinfo');
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(info)?.[1]?.trim();
  const flags = new Set((field('flags') ?? field('Features') ?? '').split(' '));
  const numbers = ['cpu family', 'model'].map((name) => `${name.replace('cpu ', '')} ${field(name) ?? '?'}`).join(', ');
  return {
    cpu: `${field('model name') ?? 'unknown CPU'} (${numbers})`,
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    instructionSets: kTelling.filter((name) => flags.has(name)),
    os: /^PRETTY_NAME="?([^"\n]*)/m.exec(readOr('/etc/os-release'))?.[1] ?? type(),
  };
}
