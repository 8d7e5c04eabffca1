// Puts the peers where they are found: npm packages in the cache, Debian's libraries in the system, our own links and programs in build/.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { CommandError, kJobs, kRoot, run } from '../tools/lib/command.ts';
import { linkModules } from '../tools/lib/modules.ts';

const kHere = import.meta.dirname;
const kPackages = join(kHere, 'packages');
const kDebianPackages = ['libopenblas-dev', 'libdnnl-dev', 'libeigen3-dev'] as const;
/** Without these a library has no rows. */
const kOptionalPackages = ['libtorch-dev'] as const;
export const kNativeBuild = join(kRoot, 'build/peers-native');

/** Installs exactly what package-lock.json says, unless that is there. Returns the folder of the packages. */
export async function installWebPeers(log: string): Promise<string> {
  const folder = join(process.env['OPTLAB_CACHE'] ?? join(homedir(), '.cache/optlab'), 'peers');
  const lock = readFileSync(join(kPackages, 'package-lock.json'), 'utf8');
  const stamp = join(folder, '.installed');
  const modules = join(folder, 'node_modules');
  if (existsSync(modules) && existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return modules;
  console.log(`installing the browser libraries into ${folder.replace(homedir(), '~')} (250 MB)`);
  mkdirSync(folder, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(kPackages, name), join(folder, name));
  copyFileSync(join(kRoot, '.npmrc'), join(folder, '.npmrc'));
  await run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, log });
  writeFileSync(stamp, lock);
  return modules;
}

export function webVersions(modules: string): Record<string, string> {
  const wanted = JSON.parse(readFileSync(join(kPackages, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.fromEntries(
    Object.keys(wanted.dependencies).map((name) => {
      const found = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as { version: string };
      return [name, found.version];
    }),
  );
}

export async function buildOurLinks(log: string): Promise<void> {
  for (const name of ['relaxed', 'relaxed-threads'] as const) await linkModules(name, log, ['peers', 'models', 'lm']);
}

/** The installed version of a Debian package, or undefined. */
async function debianVersion(name: string, log: string): Promise<string | undefined> {
  const { code, output } = await run(['dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', name], {
    log,
    mayFail: true,
  });
  return code === 0 && output.startsWith('installed ') ? output.slice('installed '.length).trim() : undefined;
}

/** Installs those that are missing, with sudo unless root. Returns what is wrong, or undefined. */
async function installPackages(names: readonly string[], log: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (const name of names) if (!(await debianVersion(name, log))) missing.push(name);
  if (missing.length === 0) return undefined;
  console.log(`installing ${missing.join(' ')}`);
  const command = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  const asRoot = process.getuid?.() === 0 ? command : ['sudo', ...command];
  const { code } = await run(asRoot, { log, mayFail: true, env: { DEBIAN_FRONTEND: 'noninteractive' } });
  return code === 0 ? undefined : `could not install ${missing.join(' ')}: run ${asRoot.join(' ')}`;
}

/** Installs Debian's packages that are missing and builds the programs. Returns the versions. */
export async function installNativePeers(log: string): Promise<Record<string, string>> {
  const failed = await installPackages(kDebianPackages, log);
  if (failed) throw new CommandError(failed);
  const unavailable = await installPackages(kOptionalPackages, log);
  if (unavailable) console.log(`${unavailable}; without it its library takes no part`);
  // Every time: what was missing may be there now.
  const configure = ['cmake', '-G', 'Ninja', '-S', join(kHere, 'native'), '-B', kNativeBuild];
  await run([...configure, '-DCMAKE_BUILD_TYPE=Release'], { log });
  await run(['ninja', '-C', kNativeBuild, `-j${kJobs}`], { log });
  const versions: Record<string, string> = {};
  for (const name of [...kDebianPackages, ...kOptionalPackages]) {
    versions[`${name} (Debian)`] = (await debianVersion(name, log)) ?? 'not installed';
  }
  return versions;
}
