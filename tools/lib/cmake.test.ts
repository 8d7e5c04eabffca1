import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countCases } from './cmake.ts';

describe('counting test cases in the output of CTest', () => {
  it('counts the cases of GoogleTest programs', () => {
    const output = [
      '1: [==========] 5 tests from 2 test suites ran. (12 ms total)',
      '1: [  PASSED  ] 3 tests.',
      '1: [  SKIPPED ] 1 test, listed below:',
      '1: [  FAILED  ] 1 test, listed below:',
      '1: [  FAILED  ] Gemm.IsExact',
      '1/2 Test #1: gemm_test ........................***Failed    0.52 sec',
      '2: [  PASSED  ] 7 tests.',
      '2/2 Test #2: core_test ........................   Passed    0.05 sec',
    ].join('\n');
    assert.deepEqual(countCases(output), { passed: 10, failed: 1, skipped: 1 });
  });

  it('counts a crash and a time-out as a failure', () => {
    const output = [
      '1: [       OK ] Gemm.IsExact (3 ms)',
      '1/2 Test #1: gemm_test ........................***Exception: SegFault  0.52 sec',
      '2/2 Test #2: nn_test ..........................***Timeout 900.01 sec',
    ].join('\n');
    assert.deepEqual(countCases(output), { passed: 0, failed: 2, skipped: 0 });
  });

  it('counts any other program as one, and an empty GoogleTest program as a failure', () => {
    const output = [
      '1/2 Test #1: cli_help .........................   Passed    0.01 sec',
      '2: [  PASSED  ] 0 tests.',
      '2/2 Test #2: empty_test .......................   Passed    0.01 sec',
    ].join('\n');
    assert.deepEqual(countCases(output), { passed: 1, failed: 1, skipped: 0 });
  });
});
