import type { Variant } from './variant.ts';

export const kKvAppend: Variant[] = [
  {
    mistake: 'heads and positions share a stride',
    edits: [['(kv_head * capacity + position) * head_size', '(kv_head + position) * head_size']],
    fails: ['right', 'refused', 'back', 'layout'],
    says: /That is element \d of the key of head 0 of the token that was appended as number 2/,
  },
  {
    mistake: 'the heads of a token lie together',
    edits: [
      ['place(g, position, capacity, head_size)', 'place(position, g, kv_heads, head_size)'],
      ['place(kv_head, position, capacity, head_size)', 'place(position, kv_head, kv_heads, head_size)'],
    ],
    fails: ['layout'],
    says: /keys\[\d+\]\[\d+\]\[\d+\] is .*a head’s positions lie together/,
  },
  {
    mistake: 'only the first head is stored',
    edits: [['g < kv_heads', 'g < 1']],
    fails: ['right', 'refused', 'back', 'layout'],
    says: /kv_read of head 1, position 0: key\[0\] is NaN .*Nothing was ever written there/,
  },
  {
    mistake: 'keys and values are mixed up',
    edits: [['values[to + d] = value[', 'values[to + d] = key[']],
    fails: ['right', 'refused', 'back', 'layout'],
    says: /value\[0\] is .*It is a key: keys and values are two arrays/,
  },
  {
    mistake: 'a full cache is noticed one token too late',
    edits: [['position >= capacity', 'position > capacity']],
    fails: ['refused'],
    says: /bytes past the end of keys/,
  },
  {
    mistake: 'a token is refused when it is written in part',
    edits: [['if (position >= capacity) return -1;', 'if (position >= capacity) return keys[1] = 0, -1;']],
    fails: ['refused'],
    says: /kv_append, which had to refuse the token, changed element 1 of the keys/,
  },
  {
    mistake: 'the last slot is never used',
    edits: [['position >= capacity', 'position >= capacity - 1']],
    fails: ['right', 'refused', 'back'],
    says: /returned -1 but should have returned 6: that is the position it gets, and there are 7/,
  },
  {
    mistake: 'the length stays what it was',
    edits: [['*length = position + 1;', '(void)length;']],
    fails: ['right', 'refused', 'back', 'layout'],
    says: /After kv_append, \*length is 0 but should be 1/,
  },
  {
    mistake: 'all layers share a length',
    edits: [['const int position = *length;', 'static int count;\n  const int position = count++;']],
    fails: ['right', 'back', 'layout'],
    says: /kv_append returned 1 but should have returned 0: that is the position it gets/,
  },
  {
    mistake: 'the position after the last can be read',
    edits: [['position >= *length', 'position > *length']],
    fails: ['refused', 'back'],
    says: /kv_read of head 0, position 3 returned 1 but should have returned 0: 3 positions are filled/,
  },
  {
    mistake: 'what was forgotten can be read',
    edits: [['position >= *length', 'position >= capacity']],
    fails: ['refused', 'back'],
    says: /positions are filled/,
  },
  {
    mistake: 'positions below 0 can be read',
    edits: [['position < 0 || ', '']],
    fails: ['refused', 'back'],
    says: /position -1 returned 1 but should have returned 0: positions begin at 0/,
  },
  {
    mistake: 'any head can be read',
    edits: [['kv_head < 0 || kv_head >= kv_heads || ', '']],
    fails: ['refused', 'back'],
    says: /heads begin at 0/,
  },
  {
    mistake: 'it goes back to where it never was',
    edits: [[' || new_length > *length', '']],
    fails: ['back'],
    says: /kv_truncate to 5 returned 1 but should have returned 0: there are 3 positions/,
  },
  {
    mistake: 'it goes back beyond the beginning',
    edits: [['new_length < 0 || ', '']],
    fails: ['back'],
    says: /kv_truncate to -1 returned 1/,
  },
  {
    mistake: 'the place is computed, and read, before it is checked',
    edits: [
      [
        '  if (kv_head < 0',
        '  volatile float first = keys[place(kv_head, position, capacity, head_size)];\n  (void)first;\n  if (kv_head < 0',
      ],
    ],
    fails: ['safe'],
    says: /overflow|outside/,
  },
];
