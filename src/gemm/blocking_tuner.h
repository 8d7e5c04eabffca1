#pragma once

#include <span>
#include <vector>

#include "core/tensor.h"
#include "gemm/gemm.h"
#include "measure/race.h"

namespace optlab::gemm {

/// Finds the blocking for this device by measuring: candidates race on a product that is larger than most second-level
/// caches. Sizes of caches can't be asked for in a browser, and how they behave together can't be asked for anywhere.
///
/// Cost:   about `max_seconds`; 4·3·kSize² bytes of memory and scratch.
/// Source: the idea of measured parameters: Whaley, Petitet and Dongarra, "Automated Empirical Optimizations of Software
///         and the ATLAS Project", 2001.
class BlockingTuner {
 public:
  static constexpr int kSize = 768;  // M = N = K

  /// `pool` must outlive the tuner. Throws std::invalid_argument if max_seconds is not positive, std::bad_alloc.
  BlockingTuner(parallel::ThreadPool& pool, double max_seconds);
  BlockingTuner(const BlockingTuner&) = delete;
  BlockingTuner& operator=(const BlockingTuner&) = delete;

  /// One batch; false when done.
  bool step() { return race_.step(); }
  double progress() const { return race_.progress(); }
  const measure::Race& race() const { return race_; }  // lane i is candidate i
  /// The default first.
  static std::span<const Blocking> candidates();
  /// The best median so far among the candidates that are faster than the default by more than 2 % and beyond doubt, the
  /// 95 % intervals being apart; the default if there are none.
  Blocking best() const;

 private:
  std::vector<measure::Contender> contenders();

  parallel::ThreadPool& pool_;
  Arena scratch_;
  Tensor a_, b_, c_;
  measure::Race race_;
};

}  // namespace optlab::gemm
