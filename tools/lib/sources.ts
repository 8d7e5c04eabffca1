// The files that format and lint look at.
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { kRoot, run } from './command.ts';

const kIgnored = new Set(['node_modules', 'dist', '.astro', 'build', 'public']);

/** Every C++ file that people write: the library and the exercises of the lessons. */
export function cppFiles(): string[] {
  const patterns = [
    'src/**/*.{h,cpp}',
    'lessons/**/*.{h,cpp}',
    'wasm_tests/**/*.{h,cpp}',
    'peers/**/*.{h,cpp}',
    'tools/**/*.{h,cpp}',
  ];
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: kRoot, exclude: (name) => kIgnored.has(basename(name)) }))
    .sort();
}

/** What Prettier gets; .prettierignore takes out what is generated, and prose. */
export const kPrettierTargets = [
  'tools',
  'peers',
  'wasm_tests',
  'web',
  'lessons',
  'package.json',
  'tsconfig.json',
  '.prettierrc.json',
];

/** Files that differ from the main branch (or, on it, from the last commit), committed or not; undefined outside of git. */
export async function changedFiles(log: string): Promise<Set<string> | undefined> {
  const git = async (...argv: string[]) => {
    const { code, output } = await run(['git', ...argv], { log, mayFail: true });
    return code === 0 ? output.split('\n').filter(Boolean) : undefined;
  };
  const base = (await git('merge-base', 'HEAD', 'origin/main'))?.[0];
  const head = (await git('rev-parse', 'HEAD'))?.[0];
  const since = base !== undefined && base !== head ? base : 'HEAD~1';
  const tracked = await git('diff', '--name-only', '--diff-filter=d', since);
  const untracked = await git('ls-files', '--others', '--exclude-standard');
  return tracked && untracked && new Set([...tracked, ...untracked]);
}
