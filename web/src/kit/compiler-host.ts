/** One compiler and one book of progress for all exercises of a page. Neither starts anything by itself. */
import { isKept, readManifest, type LoaderSurroundings } from '#lab/compiler/loader.ts';
import type { ToolchainManifest } from '#lab/compiler/toolchain.ts';
import { PageHost } from '#lab/grading/page-host.ts';
import { openProgress } from '#lab/progress.ts';
import { kBase } from './context.ts';

const kToolchain = new URL(`${kBase}toolchain/`, location.href).href;

export const host = new PageHost({
  url: kToolchain,
  spawnCompiler: () =>
    new Worker(new URL('../workers/compiler.worker.ts', import.meta.url), { type: 'module', name: 'optlab-compiler' }),
  spawnKernel: () =>
    new Worker(new URL('../workers/kernel.worker.ts', import.meta.url), { type: 'module', name: 'optlab-kernel' }),
});
export const book = openProgress();

export interface CompilerOffer {
  manifest: ToolchainManifest;
  /** It is in this browser already. */
  isKept: boolean;
}

let offer: Promise<CompilerOffer> | null = null;

/** What enabling the compiler would download. Throws DataError. */
export function compilerOffer(): Promise<CompilerOffer> {
  offer ??= (async () => {
    const surroundings: LoaderSurroundings = { fetch: fetch.bind(globalThis), caches: globalThis.caches ?? null };
    const manifest = await readManifest(kToolchain, surroundings);
    return { manifest, isKept: await isKept(kToolchain, manifest, surroundings) };
  })().catch((error: unknown) => {
    offer = null;
    throw error;
  });
  return offer;
}
