#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "gemm/gemm.h"
#include "gemm/int8_gemm.h"
#include "gemm/packed_matrix.h"
#include "measure/race.h"
#include "measure/roofline_probe.h"

namespace optlab::gemm {

/// A row of a ladder as a race runs it: a variant of the f32 product, that variant with B packed before the clock starts
/// ("simd_prepacked"), or a variant of the integer product, for which the same operands are quantized.
struct Rung {
  enum class Kind { kExact, kFast, kInt8 };

  std::string name;
  std::string idea;
  std::string isa;  // whose roof applies: a measure::Peak's name
  Kind kind;
  bool threaded;
  bool prepacked;
  const Variant* f32;       // null for an integer rung
  const Int8Variant* int8;  // null for others

  bool supported() const { return f32 != nullptr ? f32->supported() : int8->supported(); }
};

/// All rungs of this build: in the order of variants(), each prepacked one after its variant, then integer ones.
const std::vector<Rung>& rungs();

/// Rungs of the ladder racing on one product C[M,N] = A[M,K]·B[K,N] of random operands in [-1, 1), and the digest of
/// what each computed. Integer rungs multiply the operands in 7 and 8 bits, quantized (and packed) before the clock
/// starts: round(63·a) + 64 and round(127·b); their result is the 32-bit sums.
///
/// Throws: std::invalid_argument for dimensions below 1, an empty or unknown list of rungs; std::bad_alloc.
/// Memory: 4·(M·K + K·N + M·N) bytes, 4·K·N for every prepacked rung, and the scratch of the neediest.
class GemmRace {
 public:
  /// `pool` must outlive the race. No names: every rung that this device supports. `blocking`: see Context.
  GemmRace(int M, int K, int N, const std::vector<std::string>& names, parallel::ThreadPool& pool,
           measure::SamplingOptions options = {}, const Blocking& blocking = {});
  GemmRace(const GemmRace&) = delete;
  GemmRace& operator=(const GemmRace&) = delete;

  measure::Race& race() { return race_; }
  const Rung& rung(int lane) const { return *entries_.at(lane).rung; }
  int threads(int lane) const { return rung(lane).threaded ? pool_.threads() : 1; }
  /// The digest of the lane's first result; empty before it. All exact rungs have the same, and so have all
  /// integer rungs.
  const std::string& digest(int lane) const { return entries_.at(lane).digest; }
  /// What the lane's rung keeps of B in panels, bytes; 0 unless it is prepacked or an integer rung.
  std::size_t packed_bytes(int lane) const { return entries_.at(lane).b.bytes() + entries_.at(lane).b8.bytes(); }
  /// The most scratch memory that any rung of this race has needed so far, bytes.
  std::size_t scratch_high_water() const { return scratch_.high_water(); }
  /// The roof over a lane, FLOP/s: the measured peak of its instructions (Rung::isa), FLOPs or integer operations, on as many threads. 0 if `peaks` has
  /// none.
  double roof(int lane, const std::vector<measure::Peak>& peaks) const;

 private:
  struct Entry {
    const Rung* rung;
    PackedMatrix b;
    PackedInt8 b8;
    std::string digest;
  };

  void run(Entry& entry);
  void run_f32(Entry& entry);
  void run_int8(Entry& entry);
  void pack(std::span<Entry> entries);
  std::vector<measure::Contender> contenders();

  parallel::ThreadPool& pool_;
  Blocking blocking_;
  Arena scratch_;
  Tensor a_, b_, c_;
  std::vector<std::uint8_t> a8_;  // empty without integer rungs
  std::vector<std::int32_t> c8_;
  std::vector<Entry> entries_;
  measure::Race race_;
};

}  // namespace optlab::gemm
