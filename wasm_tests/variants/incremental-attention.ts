import type { Variant } from './variant.ts';

const kAll = ['right', 'groups', 'stable'];

export const kIncrementalAttention: Variant[] = [
  {
    mistake: 'exponentials of the scores themselves',
    edits: [['expf(scores[p] - largest)', 'expf(scores[p])']],
    fails: ['stable'],
    says: /exp\(\) is infinite from 89 on: subtract the largest score/,
  },
  {
    mistake: 'a maximum that starts at 0',
    edits: [['float largest = scores[0];', 'float largest = 0.0f;']],
    fails: ['stable'],
    says: /begin that maximum with the first score, not with 0/,
  },
  {
    mistake: 'scores that are not scaled',
    edits: [['1.0f / sqrtf(head_size)', '1.0f']],
    fails: kAll,
    says: /without the division of the scores by sqrt\(head_size\)/,
  },
  {
    mistake: 'scores divided by the size of a head',
    edits: [['1.0f / sqrtf(head_size)', '1.0f / head_size']],
    fails: kAll,
    says: /divides the scores by head_size: it is its square root/,
  },
  {
    mistake: 'weights that do not add up to 1',
    edits: [['1.0f / exponentials(scratch, length)', 'exponentials(scratch, length) > 0 ? 1.0f : 0.0f']],
    fails: kAll,
    says: /The weights do not add up to 1/,
  },
  {
    mistake: 'every kv_heads-th head shares',
    edits: [['h / (heads / kv_heads)', 'h % kv_heads']],
    fails: ['groups'],
    says: /reads kv head h % kv_heads: neighbouring query heads share/,
  },
  {
    mistake: 'all heads read the first one’s keys',
    edits: [['h / (heads / kv_heads)', '0 / (heads / kv_heads)']],
    fails: kAll,
    says: /All heads read the keys and values of the first/,
  },
  {
    mistake: 'as many kv heads as query heads',
    edits: [['h / (heads / kv_heads)', 'h']],
    fails: ['groups'],
    says: /reads kv head h: of 6 query heads on 2/,
  },
  {
    mistake: 'the whole cache is seen',
    edits: [['  const float scale =', '  length = capacity;\n  const float scale =']],
    fails: kAll,
    says: /sees the whole cache[^]*must not be read into any sum/,
  },
  {
    mistake: 'a token does not see itself',
    edits: [['  const float scale =', '  length = optlab::max(1, length - 1);\n  const float scale =']],
    fails: kAll,
    says: /leaves out the latest position, length - 1/,
  },
  {
    mistake: 'heads lie `length` vectors apart',
    edits: [['* capacity * head_size', '* length * head_size']],
    fails: kAll,
    says: /there is room for `capacity`/,
  },
  {
    mistake: 'the cache is read as [capacity, kv_heads, head_size]',
    edits: [
      ['* capacity * head_size', '* head_size'],
      ['key + p * head_size', 'key + p * kv_heads * head_size'],
      ['value + d, head_size, length', 'value + d, kv_heads * head_size, length'],
      ['value[p * head_size + d]', 'value[p * kv_heads * head_size + d]'],
    ],
    fails: kAll,
    says: /reads the cache as \[capacity, kv_heads, head_size\]/,
  },
  {
    mistake: 'numbers beyond the last whole vector are left out of scores',
    edits: [['for (; d < size; ++d) sum += x[d] * y[d];', '']],
    fails: ['right', 'groups'],
    says: /elements are wrong/,
  },
  {
    mistake: 'a whole vector is stored where only a part is left',
    edits: [['d + kLanes <= head_size', 'd < head_size']],
    fails: ['right', 'groups'],
    says: /past the end of out/,
  },
  {
    mistake: 'weights in half the precision',
    edits: [
      [
        'scores[p] = expf(scores[p] - largest);',
        'scores[p] = __builtin_bit_cast(float, __builtin_bit_cast(int, expf(scores[p] - largest)) & ~0x1fff);',
      ],
    ],
    fails: ['right', 'groups'],
    says: /is .* but should be .* \(±/,
  },
  {
    mistake: 'right values, read past the end of the keys',
    edits: [
      [
        'for (; d < size; ++d) sum += x[d] * y[d];',
        'for (; d < size; d += kLanes) {\n    float rest[kLanes];\n    wasm_v128_store(rest, wasm_v128_load(y + d));\n    for (int i = 0; i < kLanes && d + i < size; ++i) sum += x[d + i] * rest[i];\n  }',
      ],
    ],
    fails: ['safe'],
    says: /reads or writes past the end of keys/,
  },
];
