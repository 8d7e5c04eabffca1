/** A small version-0 checkpoint of llama2.c with made-up weights: 260 tokens, 16 positions. */
export function llama2c(): Uint8Array {
  const [dim, hidden, layers, heads, kvHeads, vocab, positions] = [8, 12, 1, 2, 1, 260, 16];
  const values = vocab * dim + dim + dim * dim + 2 * dim * 4 + dim * dim + dim + 3 * hidden * dim + dim + positions * 4;
  const file = new DataView(new ArrayBuffer(28 + 4 * values));
  [dim, hidden, layers, heads, kvHeads, vocab, positions].forEach((value, i) => file.setInt32(4 * i, value, true));
  for (let i = 0; i < values; ++i) file.setFloat32(28 + 4 * i, Math.sin(i), true);
  return new Uint8Array(file.buffer);
}
