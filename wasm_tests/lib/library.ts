// The four WebAssembly links as Node loads them, and the committed model and images that the tests feed them.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { BuildName, OptLabModule } from '../../web/src/lab/types.ts';

export const kRoot = resolve(import.meta.dirname, '../..');
export const kBuilds: readonly BuildName[] = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'];

export type Library = OptLabModule;
export type Tensor = InstanceType<Library['Tensor']>;

export const isThreaded = (build: BuildName): boolean => build.endsWith('-threads');

/** optlab.mjs of a build. Throws when it has not been built, naming the command. */
export function modulePath(build: BuildName): string {
  const path = join(kRoot, 'build', `wasm-${build}`, 'src/bindings/optlab.mjs');
  if (!existsSync(path)) {
    throw new Error(`${relative(kRoot, path)} is missing: build it with  tools/build --only wasm`);
  }
  return path;
}

/** A fresh instance of a build with `threads` threads started (the caller is one of them). */
export async function loadLibrary(build: BuildName, threads = 1): Promise<Library> {
  const { default: create } = (await import(pathToFileURL(modulePath(build)).href)) as {
    default: (overrides: { threads: number }) => Promise<Library>;
  };
  return create({ threads });
}

const kFashion = join(kRoot, 'data/fashion-mnist');

export function readModel(): Uint8Array {
  return Uint8Array.from(readFileSync(join(kRoot, 'models/fashion-mlp.safetensors')));
}

export function readCnn(): Uint8Array {
  return Uint8Array.from(readFileSync(join(kRoot, 'models/fashion-cnn.safetensors')));
}

/** The first 64 test images, 784 bytes each. */
export function readGoldenImages(): Uint8Array {
  return Uint8Array.from(readFileSync(join(kFashion, 'golden-64.idx3-ubyte')).subarray(16));
}

/** All 2,000 test images of the compact set. */
export function readTestImages(): Uint8Array {
  return Uint8Array.from(gunzipSync(readFileSync(join(kFashion, 't10k-images-idx3-ubyte.gz'))).subarray(16));
}

export function readTestLabels(): Uint8Array {
  return Uint8Array.from(gunzipSync(readFileSync(join(kFashion, 't10k-labels-idx1-ubyte.gz'))).subarray(8));
}
