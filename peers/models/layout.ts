// Constants in the order that a model's format wants.

type Numbers = Float32Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Axis i of the result is axis order[i] of `values`, which have this row-major shape. */
export function permuted<T extends Numbers>(values: T, shape: readonly number[], order: readonly number[]): T {
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (values.length !== size) throw new RangeError(`${values.length} values, ${shape.join('×')} are wanted`);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const extents = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const result = values.slice() as T;
  const index = order.map(() => 0);
  let from = 0;
  for (let to = 0; to < size; to++) {
    result[to] = values[from]!;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < extents[axis]!) break;
      from -= steps[axis]! * extents[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
