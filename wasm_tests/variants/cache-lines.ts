import type { Variant } from './variant.ts';

export const kCacheLines: Variant[] = [
  {
    mistake: 'line numbers are not put in order',
    edits: [['  optlab::sort(scratch, count);\n', '']],
    fails: ['lines'],
    says: /when it comes back later/,
  },
  {
    mistake: 'addresses instead of lines',
    edits: [['scratch[i] = addresses[i] / line_bytes', 'scratch[i] = addresses[i]']],
    fails: ['lines'],
    says: /neighbours share a line/,
  },
  {
    mistake: 'lines of floats',
    edits: [['addresses[i] / line_bytes', 'addresses[i] / 4 / line_bytes']],
    fails: ['lines', 'direct', 'lru'],
    says: /Addresses are in bytes/,
  },
  {
    mistake: 'an empty set holds line 0',
    edits: [['kEmpty = -1', 'kEmpty = 0']],
    fails: ['direct', 'lru'],
    says: /must not pass for line 0/,
  },
  {
    mistake: 'first in, first out',
    edits: [['if (set[way] != line) ++misses;', 'if (set[way] == line) continue;\n    ++misses;']],
    fails: ['lru'],
    says: /first in, first out/,
  },
  {
    mistake: 'hits instead of misses',
    edits: [['return misses;', 'return count - misses;']],
    fails: ['direct', 'lru'],
    says: /Those are the hits/,
  },
  {
    mistake: 'the sets are not next to each other',
    edits: [['held + line % sets * ways', 'held + line % sets']],
    fails: ['lru'],
    says: /lru_misses\(\) of .* should be/,
  },
  {
    mistake: 'a way too many is cleared',
    edits: [['i < sets * ways', 'i <= sets * ways']],
    fails: ['direct', 'lru'],
    says: /wrote \d+ bytes past the end of held/,
  },
  {
    mistake: 'an access too many is read',
    edits: [
      [
        'for (int i = 0; i < count; ++i) {',
        'volatile int seen = 0;\n  for (int i = 0; i < count; ++i) {\n    seen = addresses[i + 1];',
      ],
    ],
    fails: ['safe'],
    says: /past the end of addresses/,
  },
];
