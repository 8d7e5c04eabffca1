import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compare, parseCounts, record } from './drift.ts';

const measured = (instructions: number, compiler = 'GCC 12.2.0') => {
  return { compiler, counts: { tile: { instructions, work: 1000 } } };
};
const recorded = { compiler: 'GCC 12.2.0', perWork: { tile: 0.2 } };
const isOk = (instructions: number, compiler?: string) => compare(measured(instructions, compiler), recorded)[0]!.ok;

describe('what callgrind counted', () => {
  const dump = (name: string, total: number) =>
    `version: 1\ncreator: callgrind\ndesc: Trigger: Client Request: ${name}\nevents: Ir\nsummary: ${total}\n\nfn=(1)\n`;
  const output = '==7== Callgrind\ncase\ttile, one row\t512\ncase\tpack\t64\ncompiler\tGCC\t12.2.0\n';

  it('is put together from the program’s lines and the dumps', () => {
    const end = 'desc: Trigger: Program termination\nsummary: 0\n';
    assert.deepEqual(parseCounts(output, [dump('pack', 99), end, dump('tile, one row', 128)]), {
      compiler: 'GCC 12.2.0',
      counts: { 'tile, one row': { instructions: 128, work: 512 }, pack: { instructions: 99, work: 64 } },
    });
  });

  it('is an error where a case was not counted, or there is none', () => {
    assert.throws(() => parseCounts(output, [dump('pack', 99)]), /nothing for 'tile, one row'/);
    assert.throws(() => parseCounts(output, [dump('pack', 99), dump('tile, one row', 0)]), /nothing for/);
    assert.throws(() => parseCounts('compiler\tGCC\t12.2.0\n', []), /no case/);
  });
});

describe('drift', () => {
  it('is over 5 % either way', () => {
    assert.deepEqual(
      [189, 191, 200, 209, 211].map((count) => isOk(count)),
      [false, true, true, true, false],
    );
    assert.match(compare(measured(230), recorded)[0]!.text, /0\.2300 instructions .*on record 0\.2000: \+15\.0 %/);
  });

  it('is over 30 % with another compiler, or another major version', () => {
    for (const compiler of ['GCC 14.1.0', 'Clang 12.0.1']) {
      assert.deepEqual(
        [250, 270].map((count) => isOk(count, compiler)),
        [true, false],
      );
    }
    assert.ok(!isOk(250, 'GCC 12.9.9'));
  });

  it('is a case that only one side knows', () => {
    assert.deepEqual(
      compare(measured(200), { ...recorded, perWork: { row: 1 } }).map(({ name, ok }) => [name, ok]),
      [
        ['row', false],
        ['tile', false],
      ],
    );
  });

  it('is none against a record just made', () => {
    assert.deepEqual(record(measured(200)), recorded);
    assert.ok(compare(measured(123), record(measured(123)))[0]!.ok);
  });
});
