import { relaxedSimd, simd, threads } from 'wasm-feature-detect';
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

export async function detectFeatures(): Promise<Features> {
  const [hasSimd, hasRelaxed, hasThreads] = await Promise.all([simd(), relaxedSimd(), threads()]);
  return {
    simd: hasSimd,
    relaxedSimd: hasRelaxed,
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
