import type { Variant } from './variant.ts';

export const kTimerStatistics: Variant[] = [
  {
    mistake: 'the median of an even number is the larger of the two',
    edits: [['(sorted[(count - 1) / 2] + sorted[count / 2]) / 2', 'sorted[count / 2]']],
    fails: ['median', 'deviation'],
    says: /larger of the two/,
  },
  {
    mistake: 'the median is one place off',
    edits: [
      ['(sorted[(count - 1) / 2] + sorted[count / 2]) / 2', 'sorted[(count + 1) / 2 < count ? (count + 1) / 2 : 0]'],
    ],
    fails: ['median', 'deviation'],
    says: /neighbour of the middle/,
  },
  {
    mistake: 'nothing is sorted',
    edits: [['  optlab::sort(scratch, count);\n}\n\nstatic', '}\n\nstatic']],
    fails: ['median', 'deviation', 'interval', 'outliers'],
    says: /before sorting/,
  },
  {
    mistake: "the caller's samples are sorted",
    edits: [
      [
        'sort_into(scratch, seconds, count);\n  return',
        'optlab::sort(const_cast<double*>(seconds), count);\n  for (int i = 0; i < count; ++i) scratch[i] = seconds[i];\n  return',
      ],
    ],
    fails: ['median', 'deviation', 'outliers'],
    says: /changed seconds\[\d+\], an input/,
  },
  {
    mistake: 'float instead of double',
    edits: [['return (sorted', 'return static_cast<float>(sorted']],
    fails: ['median', 'deviation'],
    says: /was a float/,
  },
  {
    mistake: 'the mean instead of the median',
    edits: [
      [
        '  sort_into(scratch, seconds, count);\n  return middle_of(scratch, count);',
        '  double sum = 0;\n  for (int i = 0; i < count; ++i) sum += seconds[i];\n  return sum / count;',
      ],
    ],
    fails: ['median', 'deviation', 'outliers'],
    says: /That is the mean/,
  },
  {
    mistake: 'the mean of the distances',
    edits: [
      [
        '  optlab::sort(scratch, count);\n  return middle_of(scratch, count);',
        '  double sum = 0;\n  for (int i = 0; i < count; ++i) sum += scratch[i];\n  return sum / count;',
      ],
    ],
    fails: ['deviation', 'outliers'],
    says: /mean of the distances/,
  },
  {
    mistake: 'distances with a sign',
    edits: [['scratch[i] = fabs(seconds[i] - middle)', 'scratch[i] = seconds[i] - middle']],
    fails: ['deviation', 'outliers'],
    says: /fabs\(\)/,
  },
  {
    mistake: 'distances not in order',
    edits: [['  optlab::sort(scratch, count);\n  return middle_of', '  return middle_of']],
    fails: ['deviation', 'outliers'],
    says: /have to be put in order/,
  },
  {
    mistake: 'the rank is used as an index',
    edits: [['optlab::max(interval_rank(count), 1) - 1', 'optlab::max(interval_rank(count), 0)']],
    fails: ['interval'],
    says: /too far inside: the rank is 2/,
  },
  {
    mistake: 'a bell curve instead of coins',
    edits: [
      [
        '  return rank;',
        '  return optlab::max(0, static_cast<int>((count - 1.96 * sqrt(static_cast<double>(count))) / 2));',
      ],
    ],
    fails: ['interval'],
    says: /interval_rank\(\d+\) is \d+ but should be \d+/,
  },
  {
    mistake: 'powers of one half that become 0',
    edits: [
      [
        'double all = sides;',
        'double all = sides; double unit = 1; for (int i = 0; i < count; ++i) unit /= 2; all *= unit;',
      ],
      ['double weight = 1.0;', 'double weight = unit;'],
      ['double inside = sides;\n  weight = 1.0;', 'double inside = sides * unit;\n  weight = unit;'],
    ],
    fails: ['interval'],
    says: /interval_rank\(3998\)/,
  },
  {
    mistake: 'slow outliers only',
    edits: [['found += fabs(seconds[i] - middle)', 'found += (seconds[i] - middle)']],
    fails: ['outliers'],
    says: /slow ones only/,
  },
  {
    mistake: 'an outlier at the limit itself',
    edits: [['> limit', '>= limit']],
    fails: ['outliers'],
    says: /Exactly 5 MAD away/,
  },
  {
    mistake: 'a sample too many is read',
    edits: [['for (int i = 0; i < count; ++i) found', 'for (int i = 0; i <= count; ++i) found']],
    fails: ['safe'],
    says: /past the end of seconds/,
  },
  {
    mistake: 'more scratch memory than there is',
    edits: [['  optlab::sort(scratch, count);\n}', '  scratch[count] = 0;\n  optlab::sort(scratch, count);\n}']],
    fails: ['median', 'deviation', 'interval', 'outliers'],
    says: /wrote \d+ bytes past the end of scratch/,
  },
];
