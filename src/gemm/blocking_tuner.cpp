#include "gemm/blocking_tuner.h"

#include <optional>
#include <string>

#include "core/rng.h"

namespace optlab::gemm {
namespace {

// Deeper blocks visit C less often, taller ones B's panels, wider ones A; each asks for more of a cache.
constexpr Blocking kCandidates[] = {{},
                                    {128, 48, 512},
                                    {256, 48, 512},
                                    {256, 96, 1024},
                                    {384, 48, 512},
                                    {512, 24, 256},
                                    {512, 96, 512},
                                    {1024, 48, 512}};
constexpr double kWorthChanging = 0.98;

std::string label(const Blocking& blocking) {
  return std::to_string(blocking.depth) + "/" + std::to_string(blocking.rows) + "/" + std::to_string(blocking.columns);
}

measure::SamplingOptions options_for(double max_seconds) {
  measure::SamplingOptions options;
  options.max_seconds = max_seconds;
  options.target = 0.01;
  return options;
}

}  // namespace

BlockingTuner::BlockingTuner(parallel::ThreadPool& pool, double max_seconds)
    : pool_(pool),
      a_(Shape{kSize, kSize}),
      b_(Shape{kSize, kSize}),
      c_(Shape{kSize, kSize}),
      race_(contenders(), options_for(max_seconds)) {
  Rng(1, 0).fill_uniform(a_.values(), -1.0F, 1.0F);
  Rng(1, 1).fill_uniform(b_.values(), -1.0F, 1.0F);
}

std::span<const Blocking> BlockingTuner::candidates() { return kCandidates; }

std::vector<measure::Contender> BlockingTuner::contenders() {
  const Variant& variant = gemm::best(Mode::kFast, kSize, kSize, kSize, pool_.threads());
  std::vector<measure::Contender> contenders;
  for (const Blocking& blocking : kCandidates) {
    const auto run = [this, &variant, blocking] {
      Context context{pool_, scratch_, blocking};
      multiply(variant, {a_.matrix(), b_.matrix(), c_.matrix()}, context);
    };
    constexpr double kCube = static_cast<double>(kSize) * kSize * kSize;
    contenders.push_back({label(blocking), run, 2.0 * kCube, 4.0 * 3.0 * kSize * kSize});
  }
  return contenders;
}

Blocking BlockingTuner::best() const {
  const std::vector<measure::Lane> lanes = race_.lanes();
  const std::optional<measure::Statistics>& standard = lanes.front().statistics;
  std::size_t best = 0;
  for (std::size_t i = 1; i < lanes.size(); ++i) {
    const std::optional<measure::Statistics>& s = lanes[i].statistics;
    if (!standard || !s || s->high >= standard->low || s->median >= kWorthChanging * standard->median) continue;
    if (best == 0 || s->median < lanes[best].statistics->median) best = i;
  }
  return kCandidates[best];
}

}  // namespace optlab::gemm
