// As much of the protobuf wire format as an ONNX model needs (protobuf.dev/programming-guides/encoding).

const kText = new TextEncoder();

function varint(value: number): number[] {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`varint ${value}; a whole number from 0 is wanted`);
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An integer field. */
export function integer(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

/** A float32 field. */
export function float(field: number, value: number): Uint8Array {
  return concat([Uint8Array.from(varint(field * 8 + 5)), new Uint8Array(Float32Array.of(value).buffer)]);
}

/** A field of a length and as many bytes: bytes, a string, or an embedded message given as its fields. */
export function block(field: number, value: Uint8Array | string | readonly Uint8Array[]): Uint8Array {
  const bytes = typeof value === 'string' ? kText.encode(value) : value instanceof Uint8Array ? value : concat(value);
  return concat([Uint8Array.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes]);
}
