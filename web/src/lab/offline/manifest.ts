/** What the site consists of, as the build found it. Written into the service worker (web/plugins/service-worker.ts). */

/**
 * When a file is kept: `core` always; `simd` and `relaxed` in browsers that run that build of the engine; `demand` once it was used.
 */
export type Group = 'core' | 'simd' | 'relaxed' | 'demand';

export interface SiteFile {
  /** Below the site's base: "lessons/02-acceleration/index.html". */
  path: string;
  bytes: number;
  /** SHA-256, hexadecimal. */
  sha256: string;
  group: Group;
}

export interface SiteManifest {
  /** Folder that the site is served from, with a slash at the end. */
  base: string;
  /** Changes with any file. */
  version: string;
  files: SiteFile[];
}

/** Larger files wait until somebody needs them. */
const kLargestKept = 1_200_000;

/** Files of the site's own that the worker leaves alone: the compiler's worker keeps the compiler (all but the
 *  file that says what there is), and the rest is for hosts. */
const kLeftAlone = /^(toolchain\/.+\/|sw\.js$|_headers$)/;

const kGroups: readonly (readonly [RegExp, Group])[] = [
  [/^404\.html$/, 'demand'],
  // Every browser that runs the engine reads WOFF2; the other scripts' letters are on no page.
  [/\.(ttf|woff)$/, 'demand'],
  [/-(cyrillic|cyrillic-ext|vietnamese)-.*\.woff2$/, 'demand'],
  [/^wasm\/relaxed(-threads)?\//, 'relaxed'],
  [/^wasm\/simd(-threads)?\//, 'simd'],
  [/^models\//, 'core'],
  [/^data\/.*\/t10k-/, 'core'],
  [/^data\//, 'demand'],
  // Starlight brings its own search window; of Pagefind's only what searches is asked for.
  [/^pagefind\/(pagefind-.*ui\.(js|css)|pagefind-highlight\.js|wasm\.unknown\.pagefind)$/, 'demand'],
];

/** When a file is kept; null if it isn't the worker's affair. */
export function groupOf(path: string, bytes: number): Group | null {
  if (kLeftAlone.test(path)) return null;
  if (bytes > kLargestKept) return 'demand';
  return kGroups.find(([pattern]) => pattern.test(path))?.[1] ?? 'core';
}

/** The files to keep before anybody asks, the small and the necessary first. */
export function filesToKeep(manifest: SiteManifest, engine: 'simd' | 'relaxed'): SiteFile[] {
  const files = manifest.files.filter(({ group }) => group === 'core' || group === engine);
  const rank = ({ path }: SiteFile) => Number(/^(models|data)\//.test(path));
  return files.sort((a, b) => rank(a) - rank(b));
}

/** The file that an address stands for, by its path below the base; null outside of the site. The query doesn't matter. */
export function sitePath(address: URL, base: string): string | null {
  if (!address.pathname.startsWith(base)) return null;
  let path: string;
  try {
    path = decodeURIComponent(address.pathname.slice(base.length));
  } catch {
    return null;
  }
  return path === '' || path.endsWith('/') ? `${path}index.html` : path;
}

/** The address to download a file by: pages by their folder, since some hosts redirect from index.html to it. */
export function downloadPath(file: SiteFile): string {
  return file.path.replace(/(^|\/)index\.html$/, '$1');
}

/** "6.2 MB" */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
