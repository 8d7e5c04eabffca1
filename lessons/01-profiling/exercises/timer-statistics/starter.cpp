#include <optlab.h>

#include "exercise.h"

double median(const double* seconds, int count, double* scratch) {
  // TODO: the samples are in no order. Copy them to scratch, sort them there, take the middle.
  return seconds[count / 2];
}

double deviation(const double* seconds, int count, double* scratch) {
  // TODO: how far is each sample from the median? What is the median of that?
  return 0.0;
}

int interval_rank(int count) {
  // TODO: toss `count` coins. How many on either side may you leave out, so that 95 % stay?
  return 1;
}

void interval(const double* seconds, int count, double* scratch, double* bounds) {
  // TODO: the l-th smallest and the l-th largest, l = interval_rank(count); if that is 0, smallest and largest.
  bounds[0] = seconds[0];
  bounds[1] = seconds[count - 1];
}

int outliers(const double* seconds, int count, double* scratch) {
  // TODO: count the samples that are more than 5 deviations away from the median.
  return -1;
}
