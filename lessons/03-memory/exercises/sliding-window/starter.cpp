#include "exercise.h"

int slot_of(int position, int window, int sinks) {
  // TODO: this is a ring of all slots. Which of them must never be given away?
  return position % (window + sinks);
}

int evicted_by(int position, int window, int sinks) {
  // TODO: who was in that slot?
  return -1;
}

int is_visible(int position, int present, int window, int sinks) {
  // TODO: a query sees no later token. What else doesn't it see?
  return position <= present ? 1 : 0;
}

int positions_in(int present, int window, int sinks, int* positions) {
  // TODO: positions[slot] for each slot that is filled.
  return 0;
}
