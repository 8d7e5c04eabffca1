#include <optlab.h>

#include "exercise.h"

static constexpr int kMostInt = 2147483647;

/// Of one position. Doubles from the first product on: whole numbers up to 2^53 are exact, an int ends at 2^31.
static double bytes_of_token(int layers, int kv_heads, int head_size, int storage) {
  const int number = storage == 0 ? 4 : storage == 1 ? 2 : 1;
  const int scale = storage == 2 ? 4 : 0;
  const double vector = static_cast<double>(head_size) * number + scale;
  return 2 * vector * layers * kv_heads;  // a key and a value
}

/// Slots that are used in the end, if the sequence is long enough.
static double slots_of(int window, int sinks) {
  return window == 0 ? __builtin_inf() : static_cast<double>(window) + sinks;
}

static int whole(double count) { return count >= kMostInt ? kMostInt : count < 0 ? 0 : static_cast<int>(floor(count)); }

double cache_bytes(int layers, int heads, int kv_heads, int head_size, int positions, int window, int sinks,
                   int storage) {
  const double slots = optlab::min<double>(positions, slots_of(window, sinks));
  return slots * bytes_of_token(layers, kv_heads, head_size, storage);
}

int longest_sequence(double budget, int layers, int heads, int kv_heads, int head_size, int window, int sinks,
                     int storage) {
  const double token = bytes_of_token(layers, kv_heads, head_size, storage);
  // Once all slots are there, a longer sequence takes no more.
  if (slots_of(window, sinks) * token <= budget) return kMostInt;
  return whole(budget / token);
}

int most_sequences(double budget, double weights, int layers, int heads, int kv_heads, int head_size, int positions,
                   int window, int sinks, int storage) {
  return whole((budget - weights) / cache_bytes(layers, heads, kv_heads, head_size, positions, window, sinks, storage));
}
