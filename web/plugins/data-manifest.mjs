import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const kModule = 'virtual:optlab-manifest';

/** Address on the site → file in the repository. tools/build copies them there. */
const kFiles = {
  trainImages: ['data/fashion-mnist/train-images-idx3-ubyte.gz', 'data/fashion-mnist/train-images-idx3-ubyte.gz'],
  trainLabels: ['data/fashion-mnist/train-labels-idx1-ubyte.gz', 'data/fashion-mnist/train-labels-idx1-ubyte.gz'],
  testImages: ['data/fashion-mnist/t10k-images-idx3-ubyte.gz', 'data/fashion-mnist/t10k-images-idx3-ubyte.gz'],
  testLabels: ['data/fashion-mnist/t10k-labels-idx1-ubyte.gz', 'data/fashion-mnist/t10k-labels-idx1-ubyte.gz'],
  mlp: ['models/fashion-mlp.safetensors', 'models/fashion-mlp.safetensors'],
  cnn: ['models/fashion-cnn.safetensors', 'models/fashion-cnn.safetensors'],
  lm: ['models/moby-lm.safetensors', 'models/moby-lm.safetensors'],
  lmTiny: ['models/moby-lm-tiny.safetensors', 'models/moby-lm-tiny.safetensors'],
  tokenizer: ['models/moby-2048.bpe', 'models/moby-2048.bpe'],
  validationText: ['data/moby-dick/validation.txt.gz', 'data/moby-dick/validation.txt.gz'],
};

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
      const entries = Object.entries(kFiles).map(([name, [path, source]]) => [
        name,
        describe(root, path ?? '', source ?? ''),
      ]);
      return `export const files = ${JSON.stringify(Object.fromEntries(entries))};`;
    },
  };
}

/** @param {string} root @param {string} path @param {string} source */
function describe(root, path, source) {
  let bytes;
  try {
    bytes = readFileSync(join(root, source));
  } catch {
    throw new Error(`${source} is missing: the lessons' experiments need it`);
  }
  return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
