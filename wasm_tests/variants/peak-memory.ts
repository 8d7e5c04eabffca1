import type { Variant } from './variant.ts';

export const kPeakMemory: Variant[] = [
  {
    mistake: 'the peak is what is live now',
    edits: [['return peak;', 'return current;']],
    fails: ['peak', 'errors', 'layers', 'large'],
    says: /The peak lies in the past/,
  },
  {
    mistake: 'the peak is looked for when somebody asks',
    edits: [
      ['  peak = optlab::max(peak, current);\n', ''],
      ['return peak;', 'return peak = optlab::max(peak, current);'],
    ],
    fails: ['peak'],
    says: /asked only at the end: .*The peak lies in the past/,
  },
  {
    mistake: 'the peak is all that was allocated',
    edits: [['peak = optlab::max(peak, current)', 'peak += bytes']],
    fails: ['peak', 'errors', 'layers', 'large'],
    says: /never live together/,
  },
  {
    mistake: 'the peak is the largest block',
    edits: [['peak = optlab::max(peak, current)', 'peak = optlab::max<double>(peak, bytes)']],
    fails: ['peak', 'errors', 'layers', 'large'],
    says: /largest single block/,
  },
  {
    mistake: 'frees are forgotten',
    edits: [['current -= blocks[id].bytes;', '']],
    fails: ['peak', 'errors', 'layers', 'large'],
    says: /all that was ever allocated/,
  },
  {
    mistake: 'a block can be freed twice',
    edits: [['  blocks[id].is_live = false;\n', '']],
    fails: ['peak', 'errors', 'layers'],
    says: /on_alloc\(\d+, \d+\) returned 0 but should have returned 1: no live block has that id/,
  },
  {
    mistake: 'a double free is reported, and subtracted',
    edits: [
      [
        'if (!is_live(id)) return 0;',
        'if (!is_live(id)) { if (id >= 0 && id < kIds) current -= blocks[id].bytes; return 0; }',
      ],
    ],
    fails: ['errors'],
    says: /had to be refused and must change nothing/,
  },
  {
    mistake: 'a block of 0 bytes is none',
    edits: [['blocks[id] = {true, bytes};', 'blocks[id] = {bytes > 0, bytes};']],
    fails: ['peak', 'errors', 'layers'],
    says: /on_free\(\d+\) returned 0 but should have returned 1/,
  },
  {
    mistake: 'ids are not checked',
    edits: [['if (id < 0 || id >= kIds || is_live(id)) return 0;', 'if (is_live(id)) return 0;']],
    fails: ['errors'],
    says: /ids go from 0 to 1023/,
  },
  {
    mistake: 'ids are checked after their use',
    edits: [
      [
        'return id >= 0 && id < kIds && blocks[id].is_live;',
        'return blocks[id & 0x1fff].is_live && id >= 0 && id < kIds;',
      ],
    ],
    fails: ['safe'],
    says: /line \d+/,
  },
  {
    mistake: 'a layer has the absolute peak',
    edits: [['optlab::max(layer.largest, current - layer.begin)', 'optlab::max(layer.largest, current)']],
    fails: ['layers', 'large'],
    says: /take off what was live when it began/,
  },
  {
    mistake: 'only the innermost layer counts',
    edits: [
      [
        '  for (Layer& layer : layers) {\n    if (layer.is_open) layer',
        '  if (inner != nullptr) {\n    Layer& layer = *inner;\n    if (layer.is_open) layer',
      ],
      ['static int live;', 'static int live;\nstatic Layer* inner;'],
      ['layers[layer].is_open = true;', 'layers[layer].is_open = true;\n  inner = &layers[layer];'],
    ],
    fails: ['layers', 'large'],
    says: /open together with other layers/,
  },
  {
    mistake: 'a layer forgets its earlier runs',
    edits: [['layers[layer].begin = current;', 'layers[layer].begin = current;\n  layers[layer].largest = 0;']],
    fails: ['layers', 'large'],
    says: /last run/,
  },
  {
    mistake: 'sums in an int',
    edits: [
      ['static double current;', 'static int current;'],
      ['max(peak, current)', 'max<double>(peak, current)'],
    ],
    fails: ['large'],
    says: /no place in an int/,
  },
  {
    mistake: 'sums in a float',
    edits: [
      ['static double current;', 'static float current;'],
      ['max(peak, current)', 'max<double>(peak, current)'],
    ],
    fails: ['peak', 'layers', 'large'],
    says: /a float is exact up to 16777216/,
  },
];
