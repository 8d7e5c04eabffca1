import { simd, threads } from 'wasm-feature-detect';
import { UnsupportedError } from './errors.ts';
import type { BuildName } from './types.ts';

/** What the choice between the four builds depends on. */
export interface Features {
  simd: boolean;
  relaxedSimd: boolean;
  threads: boolean;
  /** `SharedArrayBuffer` exists. WebKit can be isolated without it, so isolation alone proves nothing. */
  sharedMemory: boolean;
  isolated: boolean;
  cores: number;
}

export interface BuildChoice {
  build: BuildName;
  /** Threads to start: 1 in the builds without. */
  threads: number;
  /** One sentence for the badge. */
  why: string;
}

/** More workers than this cost memory and start-up time without helping on the devices that the lessons are about. */
const kMostThreads = 8;

/**
 * A function of the relaxed instructions that the builds use: f32x4.relaxed_madd, and both i8x16 dot products. WebKitGTK 2.50 has the first
 * without the others, so that asking for any one of them (as wasm-feature-detect does) promises too much.
 */
// prettier-ignore
const kRelaxedModule = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // "\0asm", version 1
  1, 4, 1, 0x60, 0, 0, // a type: no parameters, no results
  3, 2, 1, 0, // a function of it
  10, 34, 1, 32, 1, 1, 0x7b, // its code, with one local v128
  0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x85, 0x02, 0x1a,
  0x20, 0, 0x20, 0, 0xfd, 0x92, 0x02, 0x1a,
  0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x93, 0x02, 0x1a,
  0x0b,
);

/** Whether all relaxed instructions of our builds are known here. */
export function relaxedSimd(): boolean {
  return WebAssembly.validate(kRelaxedModule);
}

export async function detectFeatures(): Promise<Features> {
  const [hasSimd, hasThreads] = await Promise.all([simd(), threads()]);
  return {
    simd: hasSimd,
    relaxedSimd: relaxedSimd(),
    threads: hasThreads,
    sharedMemory: typeof SharedArrayBuffer !== 'undefined',
    isolated: globalThis.crossOriginIsolated === true,
    cores: Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1),
  };
}

/** The fastest build that this browser can run. Throws UnsupportedError where SIMD is missing. */
export function chooseBuild(features: Features): BuildChoice {
  if (!features.simd) {
    throw new UnsupportedError(
      'This browser has no WebAssembly SIMD, which every kernel here is about. Chrome and Edge have it from version 91, Firefox from 89, ' +
        'Safari from 16.4.',
    );
  }
  const missing = missingForThreads(features);
  const relaxed = features.relaxedSimd ? 'relaxed SIMD' : 'no relaxed SIMD';
  const kind = features.relaxedSimd ? 'relaxed' : 'simd';
  if (missing === null) {
    const count = Math.min(features.cores, kMostThreads);
    return {
      build: `${kind}-threads`,
      threads: count,
      why: `This page is cross-origin isolated and the browser shares memory between ${features.cores} logical cores; ${relaxed}.`,
    };
  }
  return { build: kind, threads: 1, why: `${missing}, so everything runs in one thread; ${relaxed}.` };
}

function missingForThreads(features: Features): string | null {
  if (!features.isolated) return 'This page is not cross-origin isolated (its server sends no COOP and COEP headers)';
  if (!features.sharedMemory) return 'This browser keeps SharedArrayBuffer switched off';
  if (!features.threads) return 'This browser cannot share WebAssembly memory between threads';
  if (features.cores < 2) return 'This device reports a single core';
  return null;
}

/** The same build without threads. */
export function withoutThreads(choice: BuildChoice, why: string): BuildChoice {
  return { build: choice.build.startsWith('relaxed') ? 'relaxed' : 'simd', threads: 1, why };
}

/** "Relaxed SIMD, 2 threads" */
export function buildLabel(build: BuildName, threads: number): string {
  const kind = build.startsWith('relaxed') ? 'Relaxed SIMD' : 'SIMD';
  return build.endsWith('-threads') ? `${kind} + threads (${threads})` : `${kind}, one thread`;
}
