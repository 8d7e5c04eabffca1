import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kPublished } from '../src/lab/assets.ts';

const kModule = 'virtual:optlab-manifest';

/**
 * Vite plugin: `import { files } from 'virtual:optlab-manifest'` gives each data file's address, size and SHA-256, computed from the
 * committed files, so that a page notices when it was served something else. A missing file stops the build.
 *
 * @param {{ root: string }} options `root`: the repository.
 * @returns {import('vite').Plugin}
 */
export function dataManifest({ root }) {
  return {
    name: 'optlab-data-manifest',
    resolveId: (id) => (id === kModule ? `\0${kModule}` : undefined),
    load(id) {
      if (id !== `\0${kModule}`) return undefined;
      const entries = Object.entries(kPublished).map(([name, path]) => [name, describe(root, path)]);
      return `export const files = ${JSON.stringify(Object.fromEntries(entries))};`;
    },
  };
}

/** @param {string} root @param {string} path */
function describe(root, path) {
  let bytes;
  try {
    bytes = readFileSync(join(root, path));
  } catch {
    throw new Error(`${path} is missing: the lessons' experiments need it`);
  }
  return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
