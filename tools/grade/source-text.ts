// From the bytes that were handed in to text, or to the reason why there is none.
import { kMostSourceBytes } from './tree.ts';

/** Editors on Windows write UTF-16 and, in comments, code page 1252; both are C++ all the same. */
export function sourceText(bytes: Uint8Array): { text: string } | { problem: string } {
  if (bytes.length > kMostSourceBytes) return { problem: `The file is larger than ${kMostSourceBytes / 1024} KiB` };
  const text = decoded(bytes);
  if (text === null)
    return { problem: 'The file is no text: is it a program or an archive instead of the C++ source?' };
  if (text.trim() === '') return { problem: 'The file is empty' };
  return { text };
}

function decoded(bytes: Uint8Array): string | null {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  if (mark === 0xfffe || mark === 0xfeff)
    return new TextDecoder(mark === 0xfffe ? 'utf-16le' : 'utf-16be').decode(bytes);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    const text = new TextDecoder('windows-1252').decode(bytes);
    // A text in a single-byte encoding has no control characters besides the white ones.
    return /[\x00-\x08\x0e-\x1f]/.test(text) ? null : text;
  }
}
