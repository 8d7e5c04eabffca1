import { fetchVerified, type DataFile } from '#lab/data.ts';
import { kBase } from './context.ts';

const downloads = new Map<string, Promise<Uint8Array>>();

/** A published file, downloaded once for all experiments of the page; a failed download is tried again. */
export function download(file: DataFile): Promise<Uint8Array> {
  const known = downloads.get(file.path);
  if (known !== undefined) return known;
  const bytes = fetchVerified(kBase, file).catch((error: unknown) => {
    downloads.delete(file.path);
    throw error;
  });
  downloads.set(file.path, bytes);
  return bytes;
}
