// Reads the protobuf wire format for the tests, written from its description and not from the encoder.
import assert from 'node:assert/strict';

export type Message = Map<number, (number | Uint8Array)[]>;

function readVarint(data: Uint8Array, at: number): [number, number] {
  for (let value = 0, scale = 1; ; scale *= 128) {
    const byte = data[at++];
    assert.ok(byte !== undefined, 'a varint runs over the end');
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at];
  }
}

export function decode(data: Uint8Array): Message {
  const fields: Message = new Map();
  for (let at = 0; at < data.length;) {
    let key: number;
    let value: number | Uint8Array;
    [key, at] = readVarint(data, at);
    if (key % 8 === 0) [value, at] = readVarint(data, at);
    else {
      assert.equal(key % 8, 2, 'wire type');
      let length: number;
      [length, at] = readVarint(data, at);
      assert.ok(at + length <= data.length, 'a block runs over the end');
      value = data.subarray(at, at + length);
      at += length;
    }
    const field = Math.floor(key / 8);
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

export const message = (from: Message, field: number, index = 0) => decode(from.get(field)![index] as Uint8Array);
export const text = (from: Message, field: number) =>
  (from.get(field) ?? []).map((value) => new TextDecoder().decode(value as Uint8Array));
