import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kFullSet } from '../family.ts';
import { maskBlocks } from '../random.ts';
import type { ConvTask, GemmTask } from '../types.ts';
import { attention } from './attention.ts';
import { convF32 } from './conv-f32.ts';
import { convInt8 } from './conv-int8.ts';
import { gemmF32 } from './gemm-f32.ts';
import { gemmInt8 } from './gemm-int8.ts';
import { kFamilies } from './index.ts';
import { rows } from './rows.ts';
import { sparse } from './sparse.ts';
import { referenceGradients, referenceLosses } from './training-reference.ts';
import { training } from './training.ts';

const small = { name: 'small', m: 3, k: 40, n: 5 } as const;

/** A product in float32, by the textbook. */
function multiply({ m, k, n }: Omit<GemmTask, 'family' | 'name'>, a: ArrayLike<number>, b: ArrayLike<number>) {
  const c = new Float32Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let p = 0; p < k; p++) c[i * n + j]! += a[i * k + p]! * b[p * n + j]!;
  return c;
}

function changed<T extends Float32Array | Int32Array>(values: T, index: number, by: number): T {
  const copy = values.slice() as T;
  copy[index]! += by;
  return copy;
}

describe('every family', () => {
  it('has tasks with names of their own, and targets and limits that name tasks', () => {
    for (const { name, tasks, shortName, web, native, limits, probed } of kFamilies) {
      const names = tasks.map((task) => task.name);
      assert.equal(new Set(names).size, names.length, name);
      assert.equal(new Set(tasks.map(shortName)).size, names.length, name);
      const targets = [...web.tables, ...native.tables].flatMap((table) => Object.keys(table.targets));
      for (const shape of [...targets, ...limits.map((limit) => limit.shape), ...probed]) {
        assert.ok(names.includes(shape), `${name}: ${shape}`);
      }
      assert.ok(tasks.every(({ family }) => family === name));
      assert.ok([...Object.values(web.rows), ...Object.values(native.rows)].every((rows) => rows.length > 0));
      // Language models only meet in the browser.
      assert.equal(
        Object.keys(native.rows).length > 0,
        native.tables.some(({ set }) => set === kFullSet),
      );
    }
  });

  it('gives one short name one meaning in all families', () => {
    const meanings = new Map<string, string>();
    for (const { tasks, shortName } of kFamilies) {
      for (const task of tasks) {
        const known = meanings.get(shortName(task)) ?? task.name;
        assert.equal(known, task.name);
        meanings.set(shortName(task), task.name);
      }
    }
    assert.equal(meanings.get('64x784x256'), '64×784×256');
    assert.equal(meanings.get('3x3-32x28-64'), '3×3, 32×28²→64');
    assert.equal(meanings.get('1x1024-90'), '1×1024², 90 %');
  });
});

describe('the check of f32 products', () => {
  const task = { family: 'gemm-f32', ...small } as const;
  const given = gemmF32.operands(task);
  const product = multiply(task, given.a, given.b);

  it('passes float32 arithmetic', () => {
    const { ok, worst } = gemmF32.check(task, given, product);
    assert.ok(ok && worst > 0 && worst < 1, String(worst));
  });

  it('fails one element with an error of bfloat16’s size, NaN, another size, and the transpose', () => {
    assert.ok(!gemmF32.check(task, given, changed(product, 7, product[7]! * 2 ** -8 + 2 ** -8)).ok);
    assert.ok(!gemmF32.check(task, given, changed(product, 14, NaN)).ok);
    assert.ok(!gemmF32.check(task, given, product.subarray(1)).ok);
    const transposed = product.map((_, i) => product[(i % 3) * 5 + Math.floor(i / 3)]!);
    assert.ok(!gemmF32.check(task, given, transposed).ok);
  });
});

describe('the check of int8 products', () => {
  const task = { family: 'gemm-int8', ...small } as const;
  const given = gemmInt8.operands(task);
  const sums = Int32Array.from(multiply(task, given.a, given.b));

  it('gets 7-bit activations and symmetric weights that use their ranges', () => {
    const { a, b } = gemmInt8.operands({ ...task, m: 64, k: 64, n: 64 });
    assert.deepEqual([Math.min(...a), Math.max(...a), Math.min(...b), Math.max(...b)], [0, 127, -127, 127]);
  });

  it('passes the exact integers only, unless a library rounds', () => {
    assert.deepEqual(gemmInt8.check(task, given, sums), { ok: true, worst: 0 });
    assert.ok(!gemmInt8.check(task, given, changed(sums, 3, 1)).ok);
    assert.ok(gemmInt8.check(task, given, changed(sums, 3, 99), 100).ok);
    assert.ok(!gemmInt8.check(task, given, changed(sums, 3, -101), 100).ok);
  });
});

/** A convolution by the textbook: output pixel by output pixel from a padded copy of x. */
function convolve(task: ConvTask, x: ArrayLike<number>, weights: ArrayLike<number>, bias?: ArrayLike<number>) {
  const { channels, height, width, outputs, kernel, padding } = task;
  const stride = width + 2 * padding;
  const padded = new Float64Array((height + 2 * padding) * stride * channels);
  for (let i = 0; i < height * width * channels; i++) {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const [h, w] = [Math.floor(pixel / width) + padding, (pixel % width) + padding];
    padded[(h * stride + w) * channels + c] = x[i]!;
  }
  return Float32Array.from({ length: height * width * outputs }, (_, i) => {
    const [pixel, o] = [Math.floor(i / outputs), i % outputs];
    let sum = bias?.[o] ?? 0;
    for (let t = 0; t < kernel * kernel * channels; t++) {
      const [tap, c] = [Math.floor(t / channels), t % channels];
      const [h, w] = [Math.floor(pixel / width) + Math.floor(tap / kernel), (pixel % width) + (tap % kernel)];
      sum += padded[(h * stride + w) * channels + c]! * weights[t * outputs + o]!;
    }
    return sum;
  });
}

describe('the check of convolutions', () => {
  const geometry = { name: 'small', channels: 3, height: 5, width: 4, outputs: 6, kernel: 3, padding: 1 };

  it('passes a convolution by the textbook, and fails a wrong element or a forgotten bias', () => {
    const task = { family: 'conv-f32', ...geometry } as const;
    const given = convF32.operands(task);
    const y = convolve(task, given.x, given.weights, given.bias);
    assert.ok(convF32.check(task, given, y).ok);
    assert.ok(!convF32.check(task, given, changed(y, 119, 1e-4)).ok);
    assert.ok(!convF32.check(task, given, convolve(task, given.x, given.weights)).ok);
    assert.equal(convF32.work(task), 2 * 20 * 6 * 27);
  });

  it('wants exact integers', () => {
    const task = { family: 'conv-int8', ...geometry } as const;
    const given = convInt8.operands(task);
    const y = Int32Array.from(convolve(task, given.x, given.weights));
    assert.deepEqual(convInt8.check(task, given, y), { ok: true, worst: 0 });
    assert.ok(!convInt8.check(task, given, changed(y, 60, 1)).ok);
  });
});

describe('the check of attention', () => {
  const task = {
    family: 'attention',
    name: 'small',
    queries: 3,
    keys: 5,
    heads: 4,
    keyHeads: 2,
    size: 6,
    causal: true,
  } as const;
  const given = attention.operands(task);
  /** By the textbook, in float32; each query misses its latest `hidden` keys. */
  const attend = (hidden: number) =>
    Float32Array.from({ length: 3 * 4 * 6 }, (_, i) => {
      const [t, h, d] = [Math.floor(i / 24), Math.floor(i / 6) % 4, i % 6];
      const at = (s: number) => (s * 2 + (h >> 1)) * 6;
      const powers = Array.from({ length: 5 - 3 + t + 1 - hidden }, (__, s) => {
        let score = 0;
        for (let e = 0; e < 6; e++) score += given.q[(t * 4 + h) * 6 + e]! * given.k[at(s) + e]!;
        return Math.exp(score / Math.sqrt(6));
      });
      const total = powers.reduce((sum, power) => sum + power, 0);
      return powers.reduce((sum, power, s) => sum + power * given.v[at(s) + d]!, 0) / total;
    });

  it('passes attention by the textbook, and fails a key more or less, a wrong element and another size', () => {
    const right = attend(0);
    assert.ok(attention.check(task, given, right).ok);
    assert.ok(!attention.check(task, given, attend(1)).ok);
    assert.ok(!attention.check({ ...task, causal: false }, given, right).ok);
    assert.ok(!attention.check(task, given, changed(right, 70, 1e-4)).ok);
    assert.ok(!attention.check(task, given, right.subarray(1)).ok);
  });

  it('counts the pairs that are seen', () => {
    assert.equal(attention.work(task), 4 * 6 * 4 * (3 + 4 + 5));
    assert.equal(attention.work({ ...task, causal: false }), 4 * 6 * 4 * 15);
  });
});

describe('the check of row operations', () => {
  const shape = { family: 'rows', name: 'small', rows: 2, columns: 7 } as const;
  const given = rows.operands({ ...shape, operation: 'gelu' });
  const values = (operation: (typeof rows.tasks)[number]['operation'], f: (row: number[], i: number) => number) => {
    const y = Float32Array.from({ length: 14 }, (_, i) => {
      const first = Math.floor(i / 7) * 7;
      return f([...given.x.subarray(first, first + 7)], i % 7);
    });
    const task = { ...shape, operation };
    assert.ok(rows.check(task, given, y).ok, operation);
    assert.ok(!rows.check(task, given, changed(y, 9, 1e-3)).ok, operation);
  };
  const mean = (row: number[]) => row.reduce((sum, x) => sum + x, 0) / row.length;

  it('passes the definitions and fails a wrong element', () => {
    values('softmax', (row, i) => Math.exp(row[i]!) / row.reduce((sum, x) => sum + Math.exp(x), 0));
    values('rms_norm', (row, i) => (row[i]! / Math.sqrt(mean(row.map((x) => x * x)) + 1e-5)) * given.weight[i]!);
    values('layer_norm', (row, i) => {
      const centre = mean(row);
      const scale = 1 / Math.sqrt(mean(row.map((x) => (x - centre) ** 2)) + 1e-5);
      return (row[i]! - centre) * scale * given.weight[i]! + given.bias[i]!;
    });
    values('gelu', (row, i) => {
      const x = row[i]!;
      return 0.5 * x * (1 + Math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    });
  });

  it('tells GELU by tanh from GELU by erf', () => {
    // x·Φ(x) at 2: 1.9544997; by tanh 1.9545977.
    const x = new Float32Array(14).fill(2);
    const y = new Float32Array(14).fill(1.9544997);
    assert.ok(!rows.check({ ...shape, operation: 'gelu' }, { ...given, x }, y).ok);
  });
});

describe('the reference of training', () => {
  for (const { model, batch } of [
    { model: 'mlp', batch: 3 },
    { model: 'cnn', batch: 2 },
  ] as const) {
    const task = { family: 'training', name: `${model}, small`, model, batch } as const;
    const given = training.operands(task);
    it(`of the ${model} has the gradients that differences of its loss show`, () => {
      const gradients = referenceGradients(task, given);
      Object.entries(given.weights).forEach(([name, values], w) => {
        for (const index of [5, values.length >> 1, values.length - 1]) {
          const moved = [1, -1].map((sign) => changed(values, index, sign * 2 ** -13));
          const [above = NaN, below = NaN] = moved.map((other) => {
            const weights = { ...given.weights, [name]: other };
            return referenceLosses(task, { ...given, weights }, 1e-3, 1)[0]!;
          });
          const slope = (above - below) / (moved[0]![index]! - moved[1]![index]!);
          const gradient = gradients[w]![index]!;
          assert.ok(
            Math.abs(gradient - slope) <= 0.01 * Math.abs(slope) + 1e-6,
            `${name}[${index}]: ${gradient}, ${slope}`,
          );
        }
      });
    });

    it(`of the ${model} passes itself and fails a loss that is 0.2 % off, NaN, and a step too few`, () => {
      const losses = Float32Array.from(referenceLosses(task, given, 1e-3, 5));
      assert.ok(losses[4]! < losses[0]!, losses.join(' '));
      assert.ok(training.check(task, given, losses).ok);
      assert.ok(!training.check(task, given, changed(losses, 4, 0.002 * losses[4]!)).ok);
      assert.ok(!training.check(task, given, changed(losses, 2, NaN)).ok);
      assert.ok(!training.check(task, given, losses.subarray(1)).ok);
    });
  }
});

describe('sparse weights', () => {
  it('have whole blocks of zeros, as many as their task says', () => {
    for (const task of sparse.tasks) {
      const { b } = sparse.operands(task);
      let zeros = 0;
      for (let at = 0; at < b.length; at += 4) {
        const block = b.subarray(at, at + 4).filter((x) => x === 0).length;
        assert.ok(block === 0 || block === 4);
        zeros += block;
      }
      assert.ok(Math.abs(zeros / b.length - task.sparsity) < 0.01, task.name);
    }
  });

  it('are left alone at 0 and all zero at 1', () => {
    const mask = (sparsity: number) => {
      const values = new Float32Array(64).fill(1);
      maskBlocks(values, sparsity, 1);
      return values.reduce((sum, x) => sum + x, 0);
    };
    assert.deepEqual([mask(0), mask(1)], [64, 0]);
  });
});
