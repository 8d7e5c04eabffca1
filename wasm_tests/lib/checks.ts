// What holds of every module: errors that JavaScript can catch by name, and no byte lost.
import assert from 'node:assert/strict';

/** Expects a RangeError or DataError with this text. */
export function throwsNamed(name: 'RangeError' | 'DataError', message: RegExp, call: () => unknown): void {
  assert.throws(call, (error: unknown) => {
    assert.ok(error instanceof Error, `${String(error)} is no Error`);
    assert.equal(error.name, name, error.message);
    assert.equal(error instanceof RangeError, name === 'RangeError');
    assert.match(error.message, message);
    return true;
  });
}

/** Runs `cycle` often; the heap must hold as many bytes afterwards as after the first few. */
export function keepsMemory(module: { memoryInUse(): number }, times: number, cycle: () => void): void {
  for (let i = 0; i < 3; ++i) cycle();
  const before = module.memoryInUse();
  for (let i = 0; i < times; ++i) cycle();
  assert.equal(module.memoryInUse() - before, 0, `bytes lost in ${times} cycles`);
}
