#pragma once

#include <span>

namespace optlab::measure {

/// What is said of a set of repetitions; the unit is that of the samples.
struct Statistics {
  int count = 0;
  double median = 0.0;
  double mean = 0.0;
  double stddev = 0.0;  // of the sample (n-1); 0 for a single value
  double min = 0.0;
  double max = 0.0;
  double p5 = 0.0;
  double p95 = 0.0;
  double mad = 0.0;  // median absolute deviation, median |x - median|: a spread that no outlier can move
  double low = 0.0;  // low..high: an interval that holds the true median with at least 95 % probability …
  double high = 0.0;
  bool interval_is_range = false;  // … but with fewer than six samples no such interval exists, and it is min..max
};

/// The p-quantile, 0 <= p <= 1, of ascending `sorted`: linear between the order statistics around h = (n-1)·p, so that
/// p = 0 is the minimum and p = 1 the maximum.
/// Throws:   std::invalid_argument if `sorted` is empty or p is outside 0..1.
/// Source:   Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996, type 7.
double quantile(std::span<const double> sorted, double p);

/// The largest l >= 1 for which the order statistics x(l)..x(n+1-l) cover the median with at least 95 % probability, or
/// 0 if there is none (n < 6): x(l) lies above the median only if fewer than l of n samples fall below it, so P(B <=
/// l-1) <= 0.025 with B binomial (n, 1/2). Exact, and no assumption is made about the distribution.
/// Source: Conover, "Practical Nonparametric Statistics", 3rd edition, 1999, section 3.2.
int median_interval_rank(int n);

/// All of the above for `samples`, in any order.
/// Throws: std::invalid_argument if there are none, or one is not finite.
/// Cost:   n·log n, and a copy.
Statistics summarize(std::span<const double> samples);

}  // namespace optlab::measure
