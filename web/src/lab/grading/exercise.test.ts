import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawParams, exerciseHeader, exportsOf, maxPoints, type ExerciseSpec } from './exercise.ts';
import { exerciseProblems } from './exercise-schema.ts';

function valid(): ExerciseSpec {
  return {
    title: 'Sum',
    objectives: ['Add'],
    functions: [{ declaration: 'float sum(const float* x, int n)', doc: ['Adds x.'] }],
    budgets: { caseSeconds: 1, timingSeconds: 1, memoryPages: 16 },
    tasks: [
      {
        id: 'right',
        title: 'Right',
        kind: 'correctness',
        points: 2,
        cases: [{ name: 'any', params: { n: { from: 1, to: 9 } } }],
      },
      {
        id: 'fast',
        title: 'Fast',
        kind: 'performance',
        points: 3,
        timing: { n: 9 },
        levels: [{ ratio: 2, points: 3 }],
      },
    ],
  };
}

function problemsWith(change: (spec: ExerciseSpec) => void): string {
  const spec = valid();
  change(spec);
  return exerciseProblems(spec).join('; ');
}

const declared = (declaration: string) => (spec: ExerciseSpec) => void (spec.functions[0]!.declaration = declaration);

describe('exercise.json', () => {
  it('is right as it is', () => assert.deepEqual(exerciseProblems(valid()), []));

  const kWrong: [string, (spec: ExerciseSpec) => void, RegExp][] = [
    ['an unknown key', (spec) => Object.assign(spec, { extra: 1 }), /'extra' is unknown/],
    ['no title', (spec) => void (spec.title = ''), /'title'/],
    ['no objectives', (spec) => void (spec.objectives = []), /'objectives'/],
    ['a declaration that is none', declared('int sum'), /"int sum": a declaration reads like/],
    ['a name with capitals', declared('int Sum(int n)'), /'Sum' is no snake_case/],
    ['a function that is there twice', (spec) => spec.functions.push(spec.functions[0]!), /sum is there twice/],
    ['a returned pointer', declared('float* sum(int n)'), /returns 'float\*' \(allowed: void, int, float, double\)/],
    ['an unknown type', declared('int sum(long n)'), /'n' is a 'long' \(allowed: int, float, double, float\*, /],
    ['a type that is spelled otherwise', declared('int sum(float *x)'), /'float \*x' is no parameter/],
    ['a parameter without a name', declared('int sum(int)'), /'int' is no parameter: a type, a space, a name/],
    ['a parameter that is there twice', declared('int sum(int n, int n)'), /parameter n is there twice/],
    ['no doc', (spec) => void (spec.functions[0]!.doc = []), /'functions.0.doc' must be a list of at least one/],
    ['an endless budget', (spec) => void (spec.budgets.caseSeconds = 1e9), /caseSeconds/],
    ['too much memory', (spec) => void (spec.budgets.memoryPages = 65_536), /memoryPages/],
    [
      'points that do not add up',
      (spec) => void (spec.tasks[1]!.points = 4),
      /'tasks.fast' must have as many points as its levels add up to/,
    ],
    [
      'a range upside down',
      (spec) => void Object.assign(spec.tasks[0]!, { cases: [{ name: 'any', params: { n: { from: 3, to: 1 } } }] }),
      /'tasks.right.cases.any.params.n' must not end below/,
    ],
    ['performance first', (spec) => void spec.tasks.reverse(), /'tasks' must begin with/],
    [
      'two cases of one name',
      (spec) =>
        void Object.assign(spec.tasks[0]!, {
          cases: [
            { name: 'a', params: {} },
            { name: 'a', params: {} },
          ],
        }),
      /a is there twice/,
    ],
  ];
  for (const [what, change, said] of kWrong) it(`may not have ${what}`, () => assert.match(problemsWith(change), said));

  it('is an object', () => assert.deepEqual(exerciseProblems(7), ['it must be an object']));

  it('makes a header that declares its functions', () => {
    const header = exerciseHeader(valid());
    assert.match(header, /\/\/\/ Adds x\.\nfloat sum\(const float\* x, int n\);/);
    assert.deepEqual(exportsOf(valid()), ['sum']);
    assert.equal(maxPoints(valid()), 5);
  });
});

describe('drawn parameters', () => {
  const specs = { M: { from: 1, to: 50 }, K: 7, N: { from: 1, to: 50 }, list: [1, 2] };

  it('follow from the seed, within their range, and are told', () => {
    const { params, drawn } = drawParams(specs, 'seed');
    assert.deepEqual(drawParams(specs, 'seed').params, params);
    assert.equal(drawn, `M = ${String(params['M'])}, N = ${String(params['N'])}`);
    assert.equal(params['K'], 7);
    assert.deepEqual(params['list'], [1, 2]);
  });

  it('differ with the seed', () => {
    const shapes = Array.from({ length: 20 }, (_, i) => drawParams(specs, `seed ${i}`).drawn);
    assert.ok(new Set(shapes).size > 15);
  });

  it('are not told where nothing was drawn', () => assert.equal(drawParams({ K: 7 }, 'seed').drawn, ''));
});
