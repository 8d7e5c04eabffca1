// Builds OptLab:   tools/build [--only native|wasm|web]…
//
// native: the `optlab` program.   wasm: the modules in each of four builds, put where the site finds them (web/public/wasm/<build>/).
// web: the site in web/dist, with the models, the data and the compiler that it needs; OPTLAB_SOLUTIONS=off leaves the exercises' solutions
// out, OPTLAB_BASE is the folder that it will be served from. Each part is skipped quickly when nothing has changed.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { parseDeclaration } from '#lab/grading/declaration.ts';
import { build, buildFolder, kWasmBuilds, type WasmBuild } from './lib/cmake.ts';
import { clearProgress, CommandError, kRoot, run, seconds } from './lib/command.ts';
import { kModules, kSiteModules, linkModules } from './lib/modules.ts';
import { slots } from './lib/slots.ts';
import { publishToolchain } from './lib/toolchain.ts';

const kParts = ['native', 'wasm', 'web'] as const;
type Part = (typeof kParts)[number];

/** Makes `folder` hold exactly the given files (name → source); a file that is there with the same bytes keeps its time. */
function mirror(files: Map<string, string>, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, source] of files) {
    const target = join(folder, name);
    if (existsSync(target) && readFileSync(target).equals(readFileSync(source))) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
  }
  for (const found of globSync('**/*', { cwd: folder })) {
    if (!files.has(found) && statSync(join(folder, found)).isFile()) rmSync(join(folder, found));
  }
}

function filesBelow(folder: string, pattern: string): Map<string, string> {
  return new Map(globSync(pattern, { cwd: folder }).map((name) => [name, join(folder, name)]));
}

export async function buildNative(log: string): Promise<void> {
  await build('native', log, ['optlab']);
}

/** The one build whose links also write the types of their exports (src/bindings/CMakeLists.txt). */
export const kTypedBuild: WasmBuild = 'simd';

/** Links one WebAssembly build and copies the site's modules and their programs to web/public/wasm/<build>/. */
export async function buildWasm(name: WasmBuild, log: string): Promise<void> {
  const isTyped = name === kTypedBuild;
  const wanted = isTyped ? kModules : kSiteModules;
  const preset = `wasm-${name}`;
  await linkModules(name, log, wanted);
  const folder = join(buildFolder(preset), 'src/bindings');
  const names = kSiteModules.flatMap((module) => [`${module}.mjs`, `${module}.wasm`]);
  mirror(new Map(names.map((file) => [file, join(folder, file)])), join(kRoot, 'web/public/wasm', name));
  if (isTyped) await writeTypes(folder);
}

/** Puts Embind's types and the slots for guests where the site's sources import them. Embind also takes bytes where C++ takes a string; we pass strings. */
async function writeTypes(folder: string): Promise<void> {
  const files = new Map<string, string>();
  for (const name of kModules) {
    const source = join(folder, `${name}.d.ts`);
    const isFresh =
      existsSync(source) && statSync(source).mtimeMs >= statSync(join(folder, `${name}.mjs`)).mtimeMs - 60_000;
    if (!isFresh) {
      throw new CommandError(
        `${relative(kRoot, source)} was not written by the link: tsc was missing. Delete build/ and try again`,
      );
    }
    const text = readFileSync(source, 'utf8');
    files.set(`${name}.d.ts`, text.replace(/^type EmbindString = .*$/m, 'type EmbindString = string;'));
  }
  files.set('modules.d.ts', moduleTypes());
  files.set('guest-slots.ts', await guestSlots(folder));
  const generated = join(kRoot, 'web/src/lab/generated');
  mkdirSync(generated, { recursive: true });
  for (const found of readdirSync(generated)) if (!files.has(found)) rmSync(join(generated, found));
  for (const [name, text] of files) {
    const target = join(generated, name);
    if (!existsSync(target) || readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
  }
}

/** The exports of each module, by its name. */
function moduleTypes(): string {
  const fields = (names: readonly string[]) =>
    names.map((name) => `  ${name}: import('./${name}.d.ts').MainModule;\n`).join('');
  const others = kModules.filter((name) => !kSiteModules.includes(name));
  return `/** The modules that pages load. */
export interface SiteModules {
${fields(kSiteModules)}}
/** And those that only tests and tools load. */
export interface Modules extends SiteModules {
${fields(others)}}
`;
}

/** The slots for guests of all modules, which tell their declarations: pages must know them before they load a module. */
async function guestSlots(folder: string): Promise<string> {
  const declarations = new Set<string>();
  for (const name of kSiteModules) {
    const { default: create } = (await import(pathToFileURL(join(folder, `${name}.mjs`)).href)) as {
      default: () => Promise<{ guestSlots(): string[] }>;
    };
    for (const declaration of (await create()).guestSlots()) declarations.add(declaration);
  }
  const rows = [...declarations].map((line) => `  ${parseDeclaration(line).name}: '${line}',\n`).sort();
  return `/** The library's slots for guests, by name, as C declares them (src/guest/slots.h). */
export const kGuestSlots = {
${rows.join('')}} as const;
`;
}

/** Everything the site is made of, by path, size and time, and how it is to be built: when it is the same, so is the site. */
function siteFingerprint(): string {
  const hash = createHash('sha256');
  for (const name of ['OPTLAB_BASE', 'OPTLAB_SOLUTIONS']) hash.update(`${name}=${process.env[name] ?? ''}\n`);
  const patterns = ['web/**/*', 'lessons/**/*', 'src/**/*', 'docs/**/*', 'package-lock.json', '*.md'];
  const ignored = new Set(['node_modules', 'dist', '.astro']);
  const paths = patterns.flatMap((pattern) =>
    globSync(pattern, { cwd: kRoot, exclude: (name) => ignored.has(basename(name)) }),
  );
  for (const path of paths.sort()) {
    const { size, mtimeMs } = statSync(join(kRoot, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Copies models, the browser's share of the data and the compiler into the site's public folder, then builds web/dist. */
export async function buildWeb(log: string): Promise<void> {
  mirror(filesBelow(join(kRoot, 'models'), '**/*.{safetensors,bpe}'), join(kRoot, 'web/public/models'));
  mirror(filesBelow(join(kRoot, 'data'), '**/*.gz'), join(kRoot, 'web/public/data'));
  publishToolchain();
  const stamp = join(kRoot, 'build/web.stamp');
  const fingerprint = siteFingerprint();
  const isBuilt = existsSync(join(kRoot, 'web/dist/index.html')) && existsSync(stamp);
  if (isBuilt && readFileSync(stamp, 'utf8') === fingerprint) return;
  await slots.use({}, () => run(['npm', 'run', 'build', '-w', 'web'], { log }));
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, fingerprint);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    console.log('usage: tools/build [--only native|wasm|web]…');
    return;
  }
  const asked = (values.only ?? [...kParts]).flatMap((value) => value.split(','));
  const unknown = asked.find((part) => !kParts.includes(part as Part));
  if (unknown !== undefined) throw new CommandError(`unknown part '${unknown}' (allowed: ${kParts.join(', ')})`);

  const log = join(kRoot, 'build/logs/build.log');
  rmSync(log, { force: true });
  const steps: [string, () => Promise<void>][] = [];
  if (asked.includes('native')) steps.push(['native program', () => buildNative(log)]);
  if (asked.includes('wasm')) {
    for (const name of kWasmBuilds) steps.push([`WebAssembly ${name}`, () => buildWasm(name, log)]);
  }
  if (asked.includes('web')) steps.push(['site', () => buildWeb(log)]);

  for (const [index, [title, step]] of steps.entries()) {
    const start = performance.now();
    const label = `[${index + 1}/${steps.length}] ${title}`;
    if (process.stdout.isTTY) process.stdout.write(`${label} …`);
    try {
      await step();
    } catch (error) {
      clearProgress();
      console.error(`${label}: failed`);
      if (existsSync(log)) console.error(readFileSync(log, 'utf8').split('\n').slice(-40).join('\n'));
      throw error;
    }
    clearProgress();
    console.log(`${label}: ${seconds(start)}`);
  }
}

if (process.argv[1] === import.meta.filename) {
  main().catch((error: unknown) => {
    console.error(`build: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(error instanceof CommandError ? 1 : 2);
  });
}
