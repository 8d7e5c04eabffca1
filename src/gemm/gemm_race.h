#pragma once

#include <string>
#include <vector>

#include "core/tensor.h"
#include "gemm/gemm.h"
#include "gemm/packed_matrix.h"
#include "profile/race.h"
#include "profile/roofline_probe.h"

namespace optlab::gemm {

/// A row of the ladder as a race runs it. Beside every variant there is one with B packed before the clock starts for
/// those that profit from it, named after it: "simd_prepacked".
struct Rung {
  std::string name;
  std::string idea;
  const Variant* variant;
  bool prepacked;
};

/// All rungs of this build, in the order of variants(), each prepacked one after its variant.
const std::vector<Rung>& rungs();

/// Rungs of the ladder racing on one product C[M,N] = A[M,K]·B[K,N] of random operands in [-1, 1), and the digest of
/// what each computed.
///
/// Throws: std::invalid_argument for dimensions below 1, an empty or unknown list of rungs; std::bad_alloc.
/// Memory: 4·(M·K + K·N + M·N) bytes, 4·K·N for every prepacked rung, and the scratch of the neediest.
class GemmRace {
 public:
  /// `pool` must outlive the race. No names: every rung that this device supports. `blocking`: see Context.
  GemmRace(int M, int K, int N, const std::vector<std::string>& names, parallel::ThreadPool& pool,
           profile::SamplingOptions options = {}, const Blocking& blocking = {});
  GemmRace(const GemmRace&) = delete;
  GemmRace& operator=(const GemmRace&) = delete;

  profile::Race& race() { return race_; }
  const Rung& rung(int lane) const { return *entries_.at(lane).rung; }
  const Variant& variant(int lane) const { return *rung(lane).variant; }
  int threads(int lane) const { return variant(lane).threaded ? pool_.threads() : 1; }
  /// Of the result of the lane's first call; empty before it. All exact rungs have the same.
  const std::string& digest(int lane) const { return entries_.at(lane).digest; }
  /// What the lane's rung keeps of B in panels, bytes; 0 unless it is prepacked.
  std::size_t packed_bytes(int lane) const { return entries_.at(lane).b.bytes(); }
  /// The most scratch memory that any rung of this race has needed so far, bytes.
  std::size_t scratch_high_water() const { return scratch_.high_water(); }
  /// The roof over a lane, FLOP/s: the measured compute peak of its instruction set (Variant::isa) on as many threads. 0 if `peaks` has
  /// none.
  double roof(int lane, const std::vector<profile::Peak>& peaks) const;

 private:
  struct Entry {
    const Rung* rung;
    PackedMatrix b;
    std::string digest;
  };

  void run(Entry& entry);
  std::vector<profile::Contender> contenders();

  parallel::ThreadPool& pool_;
  Blocking blocking_;
  Arena scratch_;
  Tensor a_, b_, c_;
  std::vector<Entry> entries_;
  profile::Race race_;
};

}  // namespace optlab::gemm
