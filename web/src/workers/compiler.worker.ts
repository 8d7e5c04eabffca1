/** Clang in a worker of its own: nothing in it is the page's, and the page ends it when it takes too long. */
import { compile, type CompileOptions } from '../lab/compiler/compile.ts';
import {
  answerWith,
  type CompilerQuestion,
  type LoadedCompiler,
  type LoadQuestion,
} from '../lab/compiler/compiler-program.ts';
import {
  forgetIfDamaged,
  isKept,
  startToolchain,
  ToolchainFiles,
  type LoaderSurroundings,
  type LoadProgress,
} from '../lab/compiler/loader.ts';
import type { Toolchain } from '../lab/compiler/toolchain.ts';
import { serve, type Said } from '../lab/grading/killable.ts';

/** Small, but through every stage: headers, SIMD, the linker. */
const kWarmUp: CompileOptions = {
  source:
    '#include <optlab.h>\n#include <wasm_simd128.h>\nextern "C" void f(float* a, int n) { for (int i = 0; i < n; ++i) a[i] += wasm_f32x4_extract_lane(wasm_v128_load(a), 0); }\n',
  headers: {},
  exports: ['f'],
  memoryPages: 2,
  mode: 'fast',
};

let toolchain: Toolchain | null = null;

async function load(url: string): Promise<LoadedCompiler> {
  const surroundings: LoaderSurroundings = {
    fetch: self.fetch.bind(self),
    // Not there in plain http; where it refuses to keep anything, the loader goes on without.
    caches: globalThis.caches ?? null,
  };
  const begin = performance.now();
  const files = await ToolchainFiles.load(url, surroundings, (note) => say({ note }));
  const loaded = performance.now();
  let started = loaded;
  try {
    toolchain = await startToolchain(files, self, (address) => import(/* @vite-ignore */ address));
    await toolchain.runLLVM(null, {}, { fetchProgress: () => {} });
    started = performance.now();
    const { wasm, diagnostics } = await compile(toolchain, kWarmUp);
    if (wasm === null) throw new Error(diagnostics.map(({ message }) => message).join('; ') || 'it compiles nothing');
  } catch (error) {
    await forgetIfDamaged(url, files.manifest, surroundings); // the next try downloads it again
    throw error;
  }
  const seconds = {
    files: (loaded - begin) / 1000,
    start: (started - loaded) / 1000,
    warmUp: (performance.now() - started) / 1000,
  };
  return { version: files.manifest.version, isKept: await isKept(url, files.manifest, surroundings), seconds };
}

function say(said: Said<LoadProgress>): void {
  self.postMessage(said);
}

const answer = serve<CompilerQuestion | LoadQuestion, LoadProgress>(say, async (question, begin) => {
  if (question.kind === 'load') return load(question.url);
  if (toolchain === null) throw new Error('the compiler was not loaded');
  begin();
  return answerWith(toolchain, question);
});
self.addEventListener('message', ({ data }: MessageEvent<CompilerQuestion | LoadQuestion>) => answer(data));
