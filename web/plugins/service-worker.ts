// Writes sw.js, the site's service worker with the list of the site's files in it, and _headers, into a built site:
//
//   node web/plugins/service-worker.ts FOLDER [BASE]
//
// astro.config.mjs does the same at the end of a build.
import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { headersFile } from '#lab/offline/headers.ts';
import { groupOf, type SiteFile, type SiteManifest } from '#lab/offline/manifest.ts';

const kSource = fileURLToPath(new URL('../src/workers/service-worker.ts', import.meta.url));

/** The Astro integration. It comes after those that still change files. */
export function serviceWorker() {
  let base = '/';
  return {
    name: 'optlab-service-worker',
    hooks: {
      'astro:config:done': ({ config }: { config: { base: string } }) => {
        base = config.base.replace(/\/?$/, '/');
      },
      'astro:build:done': async ({ dir }: { dir: URL }) => {
        await writeServiceWorker(fileURLToPath(dir), base);
      },
    },
  };
}

export async function writeServiceWorker(folder: string, base: string): Promise<void> {
  const manifest = listSite(folder, base);
  writeFileSync(join(folder, 'sw.js'), await bundle(manifest));
  writeFileSync(join(folder, '_headers'), headersFile(base));
}

/** What a folder holds of a built site. The same files give the same version. */
export function listSite(folder: string, base: string): SiteManifest {
  const files: SiteFile[] = [];
  for (const name of globSync('**/*', { cwd: folder }).sort()) {
    if (!statSync(join(folder, name)).isFile()) continue;
    const path = name.split(sep).join('/');
    const content = readFileSync(join(folder, name));
    const group = groupOf(path, content.length);
    if (group === null) continue;
    files.push({ path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex'), group });
  }
  if (!files.some(({ path }) => path === 'index.html'))
    throw new Error(`${folder} holds no built site (no index.html)`);
  const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  return { base, version, files };
}

/** One classic script: Firefox has long refused modules as service workers. */
async function bundle(manifest: SiteManifest): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    define: { __OPTLAB_SITE__: JSON.stringify(manifest) },
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: kSource, formats: ['iife'], name: 'optlabServiceWorker', fileName: 'sw' },
    },
  });
  const chunks = [result].flat().flatMap((part) => ('output' in part ? part.output : []));
  const [chunk] = chunks.filter((part) => part.type === 'chunk');
  if (chunk === undefined || chunks.length !== 1) throw new Error('the service worker did not become a single script');
  return chunk.code;
}

if (process.argv[1] === import.meta.filename) {
  const [folder, base = '/'] = process.argv.slice(2);
  if (folder === undefined) throw new Error('usage: node web/plugins/service-worker.ts FOLDER [BASE]');
  await writeServiceWorker(folder, base);
}
