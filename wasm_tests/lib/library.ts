// The modules of the four WebAssembly builds as Node loads them, and the committed model and images that the tests feed them.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { BuildName, ModuleFactory, Modules } from '#lab/types.ts';

export const kRoot = resolve(import.meta.dirname, '../..');
export { kWasmBuilds as kBuilds } from '../../tools/lib/cmake.ts';

export type Library = Modules['optlab'];
export type Models = Modules['models'];
export type Lms = Modules['lm'];
export type Peers = Modules['peers'];
export type Tensor = InstanceType<Library['Tensor']>;

export const isThreaded = (build: BuildName): boolean => build.endsWith('-threads');

/** A module of a build. Throws when it has not been built, naming the command. */
export function modulePath(build: BuildName, module: keyof Modules): string {
  const path = join(kRoot, 'build', `wasm-${build}`, 'src/bindings', `${module}.mjs`);
  if (!existsSync(path)) {
    throw new Error(`${relative(kRoot, path)} is missing: build it with  tools/test --only bindings`);
  }
  return path;
}

/** A fresh instance of a module with `threads` threads started (the caller is one of them). */
export async function loadModule<Name extends keyof Modules>(
  build: BuildName,
  name: Name,
  threads = 1,
): Promise<Modules[Name]> {
  const { default: create } = (await import(pathToFileURL(modulePath(build, name)).href)) as {
    default: ModuleFactory<Modules[Name]>;
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

/** The small language model, and its tokenizer. */
export function readLm(): Uint8Array {
  return Uint8Array.from(readFileSync(join(kRoot, 'models/moby-lm-tiny.safetensors')));
}

export function readTokenizer(): Uint8Array {
  return Uint8Array.from(readFileSync(join(kRoot, 'models/moby-2048.bpe')));
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
