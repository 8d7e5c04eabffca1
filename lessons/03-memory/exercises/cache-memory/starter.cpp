#include <optlab.h>

#include "exercise.h"

double cache_bytes(int layers, int heads, int kv_heads, int head_size, int positions, int window, int sinks,
                   int storage) {
  // TODO: these are the numbers of one layer's keys, in a model in which each query head has its own.
  // TODO: how many bytes has a number? And what comes with it, in int8?
  // TODO: how many positions are kept?
  return heads * head_size * positions;
}

int longest_sequence(double budget, int layers, int heads, int kv_heads, int head_size, int window, int sinks,
                     int storage) {
  // TODO: what does a position take? And when does no further one take any more?
  return 0;
}

int most_sequences(double budget, double weights, int layers, int heads, int kv_heads, int head_size, int positions,
                   int window, int sinks, int storage) {
  // TODO
  return 0;
}
