// The compiler that students' kernels go through: npm's @yowasp/clang with our headers instead of its own 30 MB of them.
//
// Node reads it from build/toolchain/<version>/; the site ships it, compressed once and for every host alike, in web/public/toolchain/<version>/.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createTar, parseTar } from 'nanotar';
import type { Toolchain, ToolchainManifest } from '#lab/compiler/toolchain.ts';
import { kRoot } from './command.ts';

/** The freestanding headers of C that clang brings; everything else of its archive is for other machines or needs a C library. */
const kClangHeaders =
  /^include\/((__)?(stddef|stdarg|stdint|stdbool|stdalign|limits|float|inttypes)(_\w+)?|__float_\w+|wasm_simd128)\.h$/;
const kArchive = 'llvm-resources.tar';
const kPrograms = ['llvm.core.wasm', 'llvm.core2.wasm', 'llvm.core3.wasm', 'llvm.core4.wasm'];

function packageFolder(): string {
  const require = createRequire(join(kRoot, 'web/package.json'));
  return join(dirname(require.resolve('@yowasp/clang')), '..');
}

/** /usr of the compiler's file system. Times and owners are left out, so the same headers give the same bytes. */
function sysroot(folder: string): Uint8Array {
  const theirs = parseTar(readFileSync(join(folder, 'gen', kArchive)))
    .filter(({ name }) => kClangHeaders.test(name))
    .map(({ name, data }) => ({ name, data: data ?? new Uint8Array() }));
  const include = join(kRoot, 'lessons/include');
  const ours = globSync('*', { cwd: include }).map((name) => ({
    name: `include/${name}`,
    data: new Uint8Array(readFileSync(join(include, name))),
  }));
  const files = [...theirs, ...ours].sort((a, b) => (a.name < b.name ? -1 : 1));
  return createTar([{ name: 'include' }, ...files], { attrs: { mtime: 0, user: 'optlab', group: 'optlab' } });
}

export interface VendoredToolchain {
  version: string;
  /** For Node. */
  folder: string;
}

/** Puts the toolchain where Node finds it; quick when it is there. */
export function vendorToolchain(): VendoredToolchain {
  // An autograder's archive brings the folder, and none of the packages it is made of.
  const ready = process.env['OPTLAB_TOOLCHAIN'];
  if (ready !== undefined) return { version: basename(ready), folder: ready };
  const source = packageFolder();
  const packageVersion = (JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string })
    .version;
  const archive = sysroot(source);
  const hash = createHash('sha256').update(packageVersion).update(archive).digest('hex').slice(0, 8);
  const version = `clang-${packageVersion.split('-')[0]}-${hash}`;
  const folder = join(kRoot, 'build/toolchain', version);
  if (!existsSync(join(folder, kArchive))) {
    mkdirSync(folder, { recursive: true });
    for (const name of ['bundle.js', ...kPrograms]) copyFileSync(join(source, 'gen', name), join(folder, name));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
    writeFileSync(join(folder, kArchive), archive);
  }
  return { version, folder };
}

/** Compresses the toolchain into the site's public folder and names it in toolchain.json; older versions go. */
export function publishToolchain(): void {
  const { version, folder } = vendorToolchain();
  const site = join(kRoot, 'web/public/toolchain');
  const target = join(site, version);
  const index = join(site, 'toolchain.json');
  if (existsSync(index) && existsSync(target)) {
    if ((JSON.parse(readFileSync(index, 'utf8')) as ToolchainManifest).version === version) return;
  }
  rmSync(site, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const files = [...kPrograms, kArchive].map((name) => {
    const raw = readFileSync(join(folder, name));
    const packed = gzipSync(raw, { level: 9 });
    writeFileSync(join(target, `${name}.gz`), packed);
    return { name, bytes: raw.length, download: packed.length };
  });
  copyFileSync(join(folder, 'bundle.js'), join(target, 'bundle.js'));
  const manifest: ToolchainManifest = { version, files };
  writeFileSync(index, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Loads LLVM into this process: about a second, and 400 MB. */
export async function loadToolchain(): Promise<Toolchain> {
  const { folder } = vendorToolchain();
  return (await import(pathToFileURL(join(folder, 'bundle.js')).href)) as Toolchain;
}
