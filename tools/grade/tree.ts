// Files of a folder or of a .zip, zips within folders included. Nothing is unpacked to disk, and names are only ever read.
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { unzipSync, type UnzipFileInfo } from 'fflate';

/** More than a kernel can need; what is longer is not read. */
export const kMostSourceBytes = 256 * 1024;
const kMostZipBytes = 16 * 1024 * 1024;
const kMostFiles = 200_000;

export interface Entry {
  /** Names from the input downwards; a .zip counts as a folder. */
  parts: string[];
  /** At most kMostSourceBytes + 1 of them. */
  read(): Uint8Array;
  /** Set if it could not be opened. */
  problem: string | null;
}

/** What operating systems leave behind. */
function isClutter(name: string): boolean {
  return name.startsWith('.') || name === '__MACOSX' || name === 'node_modules' || name === 'Thumbs.db';
}

function readStart(path: string, most: number): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(most);
    let length = 0;
    for (let got = -1; got !== 0 && length < most; length += got)
      got = readSync(file, bytes, length, most - length, null);
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** Only sources are unpacked, so a bomb in anything else costs nothing; of each no more than its stated size, which has a limit. */
export function zipEntries(path: string, parts: string[]): Entry[] {
  const broken = (problem: string): Entry[] => [{ parts, read: () => new Uint8Array(), problem }];
  if (statSync(path).size > kMostZipBytes) return broken(`larger than ${kMostZipBytes / 1024 / 1024} MB`);
  const listed: UnzipFileInfo[] = [];
  try {
    const files = unzipSync(readStart(path, kMostZipBytes), {
      filter: (file) => {
        const names = file.name.split(/[/\\]/);
        if (file.name.endsWith('/') || names.some(isClutter) || listed.length >= kMostFiles) return false;
        listed.push(file);
        return /\.cpp$/i.test(file.name) && file.originalSize <= kMostSourceBytes;
      },
    });
    if (listed.length === 0) return broken('the .zip is empty');
    return listed.map(({ name, originalSize }) => ({
      parts: [...parts, ...name.split(/[/\\]/).filter((part) => part !== '' && part !== '.' && part !== '..')],
      read: () => files[name] ?? new Uint8Array(originalSize > kMostSourceBytes ? kMostSourceBytes + 1 : 0),
      problem: null,
    }));
  } catch (error) {
    return broken(`not a sound .zip file (${(error as Error).message})`);
  }
}

/** All files below a folder, sorted by name. Links are not followed; what lies in `except` is left out. */
export function folderEntries(folder: string, except: string): Entry[] {
  const entries: Entry[] = [];
  const visit = (path: string, parts: string[]): void => {
    const children = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const child of children) {
      if (isClutter(child.name) || entries.length >= kMostFiles) continue;
      const at = join(path, child.name);
      const below = [...parts, child.name];
      if (resolve(at) === except) continue;
      if (child.isDirectory()) visit(at, below);
      else if (child.isFile() && /\.zip$/i.test(child.name)) entries.push(...zipEntries(at, below));
      else if (child.isFile())
        entries.push({ parts: below, read: () => readStart(at, kMostSourceBytes + 1), problem: null });
    }
  };
  visit(folder, []);
  return entries;
}

export function fileEntry(path: string): Entry {
  return { parts: [basename(path)], read: () => readStart(path, kMostSourceBytes + 1), problem: null };
}

/** Folders straight below, for students who handed in nothing. */
export function childFolders(folder: string, except: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((child) => child.isDirectory() && !isClutter(child.name) && resolve(folder, child.name) !== except)
    .map(({ name }) => name)
    .sort();
}
