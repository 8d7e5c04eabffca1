#include <optlab.h>

#include "exercise.h"

/// Puts each value to its place among those before it: n²/4 moves for values in random order.
static void sort_slowly(double* values, int count) {
  for (int i = 1; i < count; ++i) {
    const double value = values[i];
    int at = i;
    for (; at > 0 && value < values[at - 1]; --at) values[at] = values[at - 1];
    values[at] = value;
  }
}

/// The samples in ascending order; those of the caller stay as they are.
static void sort_into(double* scratch, const double* seconds, int count) {
  for (int i = 0; i < count; ++i) scratch[i] = seconds[i];
  sort_slowly(scratch, count);
}

static double middle_of(const double* sorted, int count) {
  // Of an odd number both indices are the same.
  return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double median(const double* seconds, int count, double* scratch) {
  sort_into(scratch, seconds, count);
  return middle_of(scratch, count);
}

double deviation(const double* seconds, int count, double* scratch) {
  const double middle = median(seconds, count, scratch);
  // The sorted samples have done their service: their place is free for the distances.
  for (int i = 0; i < count; ++i) scratch[i] = fabs(seconds[i] - middle);
  sort_slowly(scratch, count);
  return middle_of(scratch, count);
}

int interval_rank(int count) {
  // How likely k tails in `count` tosses are, in units of the likeliest number, since 1/2^count is 0 in a double for
  // large counts. From the middle down to no tails; the other half is its mirror image.
  const int middle = count / 2;
  const int sides = count % 2 == 0 ? 1 : 2;  // an even number has one likeliest k, an odd number two
  double all = sides;
  double weight = 1.0;
  for (int k = middle; k > 0; --k) {
    weight *= static_cast<double>(k) / (count - k + 1);
    all += 2 * weight;
  }

  // Widen l..count-l, from the middle on, until it holds 95 %.
  double inside = sides;
  weight = 1.0;
  int rank = middle;
  while (rank > 0 && inside < 0.95 * all) {
    weight *= static_cast<double>(rank) / (count - rank + 1);
    inside += 2 * weight;
    --rank;
  }
  return rank;
}

void interval(const double* seconds, int count, double* scratch, double* bounds) {
  sort_into(scratch, seconds, count);
  // The first sample has index 0; a rank of 0 stands for the range.
  const int index = optlab::max(interval_rank(count), 1) - 1;
  bounds[0] = scratch[index];
  bounds[1] = scratch[count - 1 - index];
}

int outliers(const double* seconds, int count, double* scratch) {
  const double limit = 5 * deviation(seconds, count, scratch);
  const double middle = median(seconds, count, scratch);
  int found = 0;
  for (int i = 0; i < count; ++i) found += fabs(seconds[i] - middle) > limit ? 1 : 0;
  return found;
}
