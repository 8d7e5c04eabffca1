import type { Variant } from './variant.ts';

export const kSlidingWindow: Variant[] = [
  {
    mistake: 'the ring takes the sinks’ slots too',
    edits: [['return sinks + (position - sinks) % window;', 'return position % (window + sinks);']],
    fails: ['slots', 'ring'],
    says: /slot_of\(6, 4, 2\) is 0 but should be 2\. That is a ring of all slots: it gives those of the sinks away/,
  },
  {
    mistake: 'the ring counts from the first token',
    edits: [['(position - sinks) % window', 'position % window']],
    fails: ['slots', 'ring'],
    says: /take off `sinks` before the remainder/,
  },
  {
    mistake: 'the ring forgets the sinks’ slots',
    edits: [['return sinks + (position - sinks) % window;', 'return position % window;']],
    fails: ['slots', 'ring'],
    says: /The ring begins behind the \d sinks|gives those of the sinks away/,
  },
  {
    mistake: 'slots go on for ever',
    edits: [['return sinks + (position - sinks) % window;', 'return position;']],
    fails: ['slots', 'ring'],
    says: /There are 4 slots, from 0 to 3/,
  },
  {
    mistake: 'the one that went is one later',
    edits: [['return position - window;', 'return position - window + 1;']],
    fails: ['evicted'],
    says: /one too late/,
  },
  {
    mistake: 'sinks are evicted',
    edits: [['return position - window;', 'return position - window - sinks;']],
    fails: ['evicted'],
    says: /That is a sink, which stays for ever/,
  },
  {
    mistake: 'somebody goes though a slot is empty',
    edits: [['  if (is_first_round(position, window, sinks)) return -1;', '  if (position < window) return -1;']],
    fails: ['evicted'],
    says: /The slot was still empty/,
  },
  {
    mistake: 'the window is one longer',
    edits: [['present - position < window', 'present - position <= window']],
    fails: ['visible'],
    says: /this one has just been evicted/,
  },
  {
    mistake: 'the window is one shorter',
    edits: [['present - position < window', 'present - position < window - 1']],
    fails: ['visible'],
    says: /The window of 4 holds the present token and 3 before it; this is the oldest/,
  },
  {
    mistake: 'sinks are not seen',
    edits: [['position < sinks || present - position', 'present - position']],
    fails: ['visible'],
    says: /Positions 0 to 1 are sinks: every later query sees them/,
  },
  {
    mistake: 'later tokens are seen',
    edits: [['position < 0 || position > present', 'position < 0']],
    fails: ['visible'],
    says: /That token comes later/,
  },
  {
    mistake: 'the present token is not in the ring',
    edits: [['offset <= present - oldest', 'offset < present - oldest']],
    fails: ['ring'],
    says: /The present token is in its slot already/,
  },
  {
    mistake: 'the evicted token is in the ring',
    edits: [['present - window + 1;', 'present - window;']],
    fails: ['ring'],
    says: /one too many: the present token is one of the window/,
  },
  {
    mistake: 'window and sinks are added up in an int',
    edits: [['position < sinks || position - sinks < window;', 'position < window + sinks;']],
    fails: ['safe'],
    says: /signed integer addition overflow in 'window \+ sinks'/,
  },
];
