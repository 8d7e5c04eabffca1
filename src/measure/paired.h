#pragma once

#include <vector>

#include "measure/sampler.h"

namespace optlab::measure {

/// The outcome of a paired comparison.
struct Comparison {
  Statistics ratio;               // candidate time / baseline time; below 1 the candidate is faster
  bool settled;                   // the interval is as tight as asked for
  std::vector<double> ratios;     // one a quadruple, in the order measured
  std::vector<double> candidate;  // seconds per call, two a quadruple
  std::vector<double> baseline;
  std::vector<Discarded> discarded_candidate;
  std::vector<Discarded> discarded_baseline;
};

/// Compares two by quadruples A B B A: ratio = (A1 + A2) / (B1 + B2). A drift that is linear over a quadruple cancels,
/// so the ratio is known much better than either time. Ends when the 95 % interval of the median ratio is within
/// ±target and there are least_batches quadruples, or when the time is spent; there is at least one quadruple.
/// Source: the ABBA design; for benchmarks e.g. Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time", 2013
///         (intervals).
class PairedComparison {
 public:
  /// Throws std::invalid_argument if one has nothing to run or an option makes no sense.
  PairedComparison(Contender candidate, Contender baseline, SamplingOptions options = {});

  /// One batch of warm-up or one quadruple. False when it is over.
  bool step();
  /// 0 to 1, never falling.
  double progress() const { return progress_; }
  /// Throws std::logic_error before the first quadruple.
  Comparison result() const;

 private:
  SamplingOptions options_;
  Sampler candidate_;
  Sampler baseline_;
  std::vector<double> ratios_;
  double spent_ = 0.0;
  double progress_ = 0.0;
  bool finished_ = false;
};

/// The same in one call.
Comparison compare(Contender candidate, Contender baseline, SamplingOptions options = {});

}  // namespace optlab::measure
