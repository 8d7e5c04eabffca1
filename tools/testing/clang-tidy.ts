// clang-tidy over the files that the native build compiles. A file that passed is not checked again until it, a header of ours that it
// includes, its flags or the tools change: which it was is kept in the cache folder, so a machine without one checks everything.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { buildFolder, configure, type Counts } from '../lib/cmake.ts';
import { CommandError, kRoot, run } from '../lib/command.ts';
import { slots } from '../lib/slots.ts';
import { changedFiles, cppFiles } from '../lib/sources.ts';
import { kFailed, kPassed } from './counts.ts';

const kCache = join(process.env['OPTLAB_CACHE'] ?? join(homedir(), '.cache/optlab'), 'clang-tidy');
const kForgottenAfterMs = 60 * 24 * 3600 * 1000;

/** A file and all that it includes of ours, directly or not; whether an #if leaves an include out doesn't matter. */
export function includedFiles(root: string, file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, name = ''] of readFileSync(join(root, file), 'utf8').matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)) {
    const candidates = [join('src', name), join(dirname(file), name)];
    const header = candidates.find((path) => existsSync(join(root, path)));
    if (header !== undefined) includedFiles(root, header, found);
  }
  return found;
}

/** What a check of the file depends on. `tools`: versions and settings. */
export function keyOf(root: string, file: string, flags: string, tools: string): string {
  const hash = createHash('sha256').update(JSON.stringify([tools, flags, file]));
  for (const path of [...includedFiles(root, file)].sort()) hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

function forgetOld(): void {
  for (const name of readdirSync(kCache)) {
    const path = join(kCache, name);
    const stat = statSync(path, { throwIfNoEntry: false }); // another run may have removed it
    if (stat && Date.now() - stat.mtimeMs > kForgottenAfterMs) rmSync(path, { force: true });
  }
}

/** The files that the native build compiles, each with its command without this checkout's path. */
async function compiledFiles(log: string): Promise<Map<string, string>> {
  await configure('native', log);
  const database = JSON.parse(readFileSync(join(buildFolder('native'), 'compile_commands.json'), 'utf8')) as {
    file: string;
    command: string;
  }[];
  const flags = new Map(database.map(({ file, command }) => [file, command.replaceAll(kRoot, '')]));
  return new Map(
    cppFiles().flatMap((file) => {
      const command = flags.get(join(kRoot, file));
      return command === undefined ? [] : [[file, command]];
    }),
  );
}

async function output(argv: readonly string[], log: string): Promise<string> {
  return (await run(argv, { log, mayFail: true, whole: true })).output;
}

/** Checks all files, or with `onlyChanged` those that differ from the main branch, as many at a time as there are slots. */
export async function clangTidy(onlyChanged: boolean, log: string): Promise<Counts> {
  const compiled = await compiledFiles(log);
  if (compiled.size === 0) throw new CommandError('the native build compiles no file of src/');
  const program = (await output(['sh', '-c', 'command -v clang-tidy-19 clang-tidy'], log)).split('\n')[0];
  if (!program) throw new CommandError('clang-tidy is missing: run tools/setup --for test');

  mkdirSync(kCache, { recursive: true });
  forgetOld();
  const versions = [await output([program, '--version'], log), await output(['c++', '--version'], log)];
  const settings = [...versions, readFileSync(join(kRoot, '.clang-tidy'), 'utf8')].join('\n');
  const changed = onlyChanged ? await changedFiles(log) : undefined;
  const argv = [program, '--quiet', '--extra-arg=-Wno-unknown-warning-option', '-p', buildFolder('native')];
  let failed = 0;
  const checkFile = async (file: string, flags: string) => {
    const known = join(kCache, keyOf(kRoot, file, flags, settings));
    if (existsSync(known)) {
      utimesSync(known, new Date(), new Date());
      return;
    }
    const options = { log, mayFail: true, whole: true, step: `clang-tidy ${file}` };
    const { code } = await slots.use({}, () => run([...argv, file], options));
    if (code === 0) writeFileSync(known, '');
    else failed++;
  };
  const files = [...compiled].filter(([file]) => changed?.has(file) ?? true);
  await slots.each(files, ([file, flags]) => checkFile(file, flags));
  return failed === 0 ? kPassed : kFailed;
}
