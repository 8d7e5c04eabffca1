import type { Variant } from './variant.ts';

const kConvBytes = 'kFloat * (x + weights + y);\n}\n\ndouble attention_flops';

export const kCountWork: Variant[] = [
  {
    mistake: 'the batch is forgotten',
    edits: [['1.0 * rows * outputs;\n  return results', '1.0 * outputs;\n  return results']],
    fails: ['linear', 'large'],
    says: /the whole batch counts/,
  },
  {
    mistake: 'the bias is forgotten',
    edits: [['results * (2.0 * inputs + bias)', 'results * (2.0 * inputs)']],
    fails: ['linear', 'large'],
    says: /leaves out the bias/,
  },
  {
    mistake: 'a multiply-add is one',
    edits: [['results * (2.0 * inputs + bias)', 'results * (1.0 * inputs + bias)']],
    fails: ['linear', 'large'],
    says: /multiply-add as one/,
  },
  {
    mistake: 'the bytes of the input are forgotten',
    edits: [
      [
        '  return kFloat * (x + weights + y);\n}\n\n/// How many windows',
        '  return kFloat * (weights + y + 0 * x);\n}\n\n/// How many windows',
      ],
    ],
    fails: ['linear', 'large'],
    says: /leaves out x/,
  },
  {
    mistake: 'numbers for bytes',
    edits: [['kFloat = 4', 'kFloat = 1']],
    fails: ['linear', 'convolution-bytes', 'attention', 'large'],
    says: /numbers, not bytes/,
  },
  {
    mistake: 'weights for every row',
    edits: [['(1.0 * inputs + bias) * outputs;', '(1.0 * inputs + bias) * outputs * rows;']],
    fails: ['linear', 'large'],
    says: /weights anew/,
  },
  {
    mistake: 'int arithmetic',
    edits: [
      ['const double results = 1.0 * rows * outputs', 'const int results = rows * outputs'],
      ['results * (2.0 * inputs + bias)', 'results * (2 * inputs + bias)'],
    ],
    fails: ['large'],
    says: /no place in an int/,
  },
  {
    mistake: 'float arithmetic',
    edits: [
      ['const double results = 1.0 * rows * outputs', 'const float results = 1.0f * rows * outputs'],
      ['results * (2.0 * inputs + bias)', 'results * (2.0f * inputs + bias)'],
    ],
    fails: ['large'],
    says: /a float is exact up to 16777216/,
  },
  {
    mistake: 'groups are ignored',
    edits: [
      [
        'const double depth = 1.0 * kernel * kernel * (channels / groups)',
        'const double depth = 1.0 * kernel * kernel * channels',
      ],
    ],
    fails: ['convolution'],
    says: /ignores the groups/,
  },
  {
    mistake: 'dilation is ignored',
    edits: [['dilation * (kernel - 1) + 1;', 'kernel;']],
    fails: ['convolution', 'convolution-bytes'],
    says: /ignores the dilation/,
  },
  {
    mistake: 'stride is ignored',
    edits: [['- reach) / stride + 1', '- reach) + 1']],
    fails: ['convolution', 'convolution-bytes'],
    says: /ignores the stride/,
  },
  {
    mistake: 'padding is ignored',
    edits: [['extent + 2 * padding - reach', 'extent - reach']],
    fails: ['convolution', 'convolution-bytes', 'large'],
    says: /ignores the padding/,
  },
  {
    mistake: 'pixels that no window touches are read',
    edits: [
      [
        'found = begin >= 0 && begin % stride == 0 && begin / stride < windows',
        'found = begin < 1 << 30 && windows > 0',
      ],
    ],
    fails: ['convolution-bytes'],
    says: /no window touches/,
  },
  {
    mistake: 'images of a batch are one in the bytes',
    edits: [['const double x = 1.0 * batch * touched', 'const double x = 1.0 * touched']],
    fails: ['convolution-bytes', 'large'],
    says: /conv2d_bytes\(batch 64, .* is \d+ but should be 2426880/,
  },
  {
    mistake: 'the convolution writes nothing',
    edits: [[kConvBytes, kConvBytes.replace(' + y', ' + 0 * y')]],
    fails: ['convolution-bytes', 'large'],
    says: /leaves out y/,
  },
  {
    mistake: 'a causal query sees all keys',
    edits: [['causal ? keys - queries + 1 : keys', 'keys']],
    fails: ['attention', 'large'],
    says: /lets every query see all keys/,
  },
  {
    mistake: 'the first query is taken for the first token',
    edits: [
      ['queries * (first + keys) / 2', '(causal ? queries * (1.0 + queries) / 2 : queries * (first + keys) / 2)'],
    ],
    fails: ['attention'],
    says: /the last one sees all/,
  },
  {
    mistake: 'the joined stripes are forgotten',
    edits: [['(size + 15.0)', '(size + 0.0)']],
    fails: ['attention', 'large'],
    says: /leaves out the 15 additions/,
  },
  {
    mistake: 'keys are read for each query head',
    edits: [['2.0 * keys * key_heads * size', '2.0 * keys * heads * size']],
    fails: ['attention', 'large'],
    says: /heads of a group share theirs/,
  },
  {
    mistake: 'scores are counted as traffic',
    edits: [
      [
        '(queries_and_results + keys_and_values)',
        '(queries_and_results + keys_and_values + 1.0 * heads * queries * keys)',
      ],
    ],
    fails: ['attention', 'large'],
    says: /scores too/,
  },
  {
    mistake: 'an array that is too small for a wide image',
    edits: [
      ['  int count = 0;\n  for (int x', '  static bool seen[64];\n  int count = 0;\n  for (int x'],
      ['count += found ? 1 : 0;', 'seen[x] = found;\n    count += found ? 1 : 0;'],
    ],
    fails: ['safe'],
    says: /line \d+/,
  },
];
