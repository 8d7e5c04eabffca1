// Safetensors files, sound or broken on purpose.

/** `length` (8 bytes, little-endian; null: the true one), then the header (Latin-1), then `dataBytes` zeros. */
export function withHeader(length: Uint8Array | null, header: string, dataBytes = 0): Uint8Array {
  const file = new Uint8Array(8 + header.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  if (length !== null) file.set(length);
  file.set(Buffer.from(header, 'latin1'), 8);
  return file;
}

export function encodeSafetensors(header: Record<string, unknown>, dataBytes: number): Uint8Array {
  return withHeader(null, JSON.stringify(header), dataBytes);
}
