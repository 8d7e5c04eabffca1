#include "exercise.h"

/// Whether all positions up to this one have a slot of their own. window + sinks might be too large for an int.
static bool is_first_round(int position, int window, int sinks) {
  return position < sinks || position - sinks < window;
}

int slot_of(int position, int window, int sinks) {
  if (is_first_round(position, window, sinks)) return position;
  return sinks + (position - sinks) % window;
}

int evicted_by(int position, int window, int sinks) {
  if (is_first_round(position, window, sinks)) return -1;
  // One round of the ring before.
  return position - window;
}

int is_visible(int position, int present, int window, int sinks) {
  if (position < 0 || position > present) return 0;
  return position < sinks || present - position < window ? 1 : 0;
}

int positions_in(int present, int window, int sinks, int* positions) {
  int filled = 0;
  // The sinks, and then the window: from its oldest position on.
  for (; filled < sinks && filled <= present; ++filled) positions[filled] = filled;
  if (present < sinks) return filled;
  const int oldest = present - sinks < window ? sinks : present - window + 1;
  for (int offset = 0; offset <= present - oldest; ++offset) {
    positions[slot_of(oldest + offset, window, sinks)] = oldest + offset;
    ++filled;
  }
  return filled;
}
