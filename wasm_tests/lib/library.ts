// The modules of the four WebAssembly builds as Node loads them, and the committed model and images that the tests feed them.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { BuildName, KernelModule, LmModule, ModelModule, ModuleFactory } from '#lab/types.ts';

export const kRoot = resolve(import.meta.dirname, '../..');
export const kBuilds: readonly BuildName[] = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'];

export type Library = KernelModule;
export type Models = ModelModule;
export type Lms = LmModule;
export type Tensor = InstanceType<Library['Tensor']>;

export const isThreaded = (build: BuildName): boolean => build.endsWith('-threads');

/** The files of a build's modules. */
export const kModuleFiles = ['optlab', 'models', 'lm'].flatMap((name) => [`${name}.mjs`, `${name}.wasm`]);

/** A module of a build, optlab.mjs by default. Throws when it has not been built, naming the command. */
export function modulePath(build: BuildName, file = 'optlab.mjs'): string {
  const path = join(kRoot, 'build', `wasm-${build}`, 'src/bindings', file);
  if (!existsSync(path)) {
    throw new Error(`${relative(kRoot, path)} is missing: build it with  tools/build --only wasm`);
  }
  return path;
}

/** A fresh instance of a build's kernels with `threads` threads started (the caller is one of them). */
export function loadLibrary(build: BuildName, threads = 1): Promise<Library> {
  return load(modulePath(build), threads);
}

/** The same of its image classifiers. */
export function loadModels(build: BuildName, threads = 1): Promise<Models> {
  return load(modulePath(build, 'models.mjs'), threads);
}

/** The same of its language model. */
export function loadLm(build: BuildName, threads = 1): Promise<Lms> {
  return load(modulePath(build, 'lm.mjs'), threads);
}

async function load<Module>(path: string, threads: number): Promise<Module> {
  const { default: create } = (await import(pathToFileURL(path).href)) as { default: ModuleFactory<Module> };
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
