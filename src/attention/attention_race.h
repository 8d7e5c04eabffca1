#pragma once

#include <string>
#include <vector>

#include "attention/attention.h"
#include "core/tensor.h"
#include "measure/race.h"

namespace optlab::attention {

/// What is raced: the last `queries` tokens of a sequence of `keys`. As many queries as keys are a prompt, one is a step
/// of generation.
struct RaceShape {
  int queries;
  int keys;
  int heads;
  int key_heads;
  int size;  // D
  bool causal = true;
};

/// Rungs of the ladder racing on one attention of random Q and K in [-2, 2), V in [-1, 1), and the digest of what each
/// computed. Where there are fewer queries than keys, K is in panels before the clock starts, as a cache keeps it.
///
/// Throws: std::invalid_argument for a shape that `attend` refuses, no queries or more than keys, an unknown rung;
///         std::bad_alloc.
/// Memory: 4·D·(2·T·H + 2·S·G) bytes, as much again for K's panels, and the scratch of the neediest rung.
class AttentionRace {
 public:
  /// `pool` must outlive the race. No names: every rung that this device supports.
  AttentionRace(const RaceShape& shape, const std::vector<std::string>& names, parallel::ThreadPool& pool,
                measure::SamplingOptions options = {});
  AttentionRace(const AttentionRace&) = delete;
  AttentionRace& operator=(const AttentionRace&) = delete;

  measure::Race& race() { return race_; }
  const Variant& variant(int lane) const { return *entries_.at(lane).variant; }
  int threads(int lane) const { return variant(lane).threaded ? pool_.threads() : 1; }
  /// The digest of the lane's first result; empty before it. All exact rungs have the same.
  const std::string& digest(int lane) const { return entries_.at(lane).digest; }
  std::size_t scratch_bytes() const { return scratch_.high_water(); }

 private:
  struct Entry {
    const Variant* variant;
    std::string digest;
  };

  void run(Entry& entry);
  std::vector<measure::Contender> contenders();

  parallel::ThreadPool& pool_;
  Arena scratch_;
  Tensor q_, k_, v_, out_;
  AlignedBuffer<float> panels_;
  Problem problem_;
  std::vector<Entry> entries_;
  measure::Race race_;
};

}  // namespace optlab::attention
