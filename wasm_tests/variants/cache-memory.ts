import type { Variant } from './variant.ts';

const kAll = ['full', 'scales', 'window', 'large', 'fits'];

export const kCacheMemory: Variant[] = [
  {
    mistake: 'query heads are counted',
    edits: [
      ['bytes_of_token(layers, kv_heads, head_size, storage)', 'bytes_of_token(layers, heads, head_size, storage)'],
    ],
    fails: kAll,
    says: /counts query heads: only the kv_heads heads of keys and values are kept/,
  },
  {
    mistake: 'keys alone',
    edits: [['return 2 * vector', 'return vector']],
    fails: kAll,
    says: /That is the keys alone, or the values/,
  },
  {
    mistake: 'one layer',
    edits: [['2 * vector * layers * kv_heads', '2 * vector * kv_heads']],
    fails: kAll,
    says: /That is one layer only/,
  },
  {
    mistake: 'numbers, not bytes',
    edits: [['storage == 0 ? 4 : storage == 1 ? 2 : 1', '1']],
    fails: ['full', 'window', 'large', 'fits'],
    says: /Those are numbers, not bytes/,
  },
  {
    mistake: 'no scales',
    edits: [['storage == 2 ? 4 : 0', '0']],
    fails: ['scales', 'window', 'large', 'fits'],
    says: /leaves out the scales/,
  },
  {
    mistake: 'a scale for key and value together',
    edits: [['storage == 2 ? 4 : 0', 'storage == 2 ? 2 : 0']],
    fails: ['scales', 'window', 'large', 'fits'],
    says: /a scale for key and value together/,
  },
  {
    mistake: 'a scale for each number',
    edits: [['storage == 2 ? 4 : 0', 'storage == 2 ? 4 * head_size : 0']],
    fails: ['scales', 'window', 'large', 'fits'],
    says: /one for each vector of head_size/,
  },
  {
    mistake: 'products of ints',
    edits: [
      ['static double bytes_of_token', 'static int bytes_of_token'],
      ['const double vector = static_cast<double>(head_size) *', 'const int vector = head_size *'],
      ['const double slots = optlab::min', 'const int slots = optlab::min'],
    ],
    fails: ['large'],
    says: /no place in an int, which ends at 2147483647/,
  },
  {
    mistake: 'a float',
    edits: [
      ['const double slots =', 'const float slots ='],
      ['static double bytes_of_token', 'static float bytes_of_token'],
    ],
    fails: ['large'],
    says: /a float is exact up to 16777216 only/,
  },
  {
    mistake: 'the window is ignored',
    edits: [['optlab::min<double>(positions, slots_of(window, sinks))', 'positions']],
    fails: ['window', 'fits'],
    says: /never more than window \+ sinks/,
  },
  {
    mistake: 'the sinks are forgotten',
    edits: [['static_cast<double>(window) + sinks', 'static_cast<double>(window)']],
    fails: ['window', 'fits'],
    says: /That forgets the sinks/,
  },
  {
    mistake: 'the window is filled from the start',
    edits: [
      ['optlab::min<double>(positions, slots_of(window, sinks))', 'window == 0 ? positions : slots_of(window, sinks)'],
    ],
    fails: ['window', 'fits'],
    says: /never more slots than positions/,
  },
  {
    mistake: 'sinks alone make a window',
    edits: [['window == 0 ?', 'window == 0 && sinks == 0 ?']],
    fails: ['window', 'fits'],
    says: /A window of 0 keeps all positions, whatever the sinks are/,
  },
  {
    mistake: 'window and sinks are added up in an int',
    edits: [['static_cast<double>(window) + sinks', 'window + sinks']],
    fails: ['window'],
    says: /window \+ sinks has no place in an int/,
  },
  {
    mistake: 'counts are rounded',
    edits: [['floor(count)', 'floor(count + 0.5)']],
    fails: ['fits'],
    says: /That needs \d+ bytes/,
  },
  {
    mistake: 'the weights are free',
    edits: [['(budget - weights)', '(budget)']],
    fails: ['fits'],
    says: /leaves out the weights/,
  },
  {
    mistake: 'less than no sequences',
    edits: [['count < 0 ? 0 : ', '']],
    fails: ['fits'],
    says: /The weights don’t fit/,
  },
  {
    mistake: 'a window that fits has an end',
    edits: [['if (slots_of(window, sinks) * token <= budget) return kMostInt;', '']],
    fails: ['fits'],
    says: /a sequence may be as long as you like/,
  },
  {
    mistake: 'a double turned into an int that is too small for it',
    edits: [['count >= kMostInt ? kMostInt : ', '']],
    fails: ['safe'],
    says: /Floating-point to integer conversion overflowed/,
  },
];
