#include "gemm/gemm_race.h"

#include <algorithm>
#include <stdexcept>

#include "core/digest.h"
#include "core/error.h"
#include "core/rng.h"

namespace optlab::gemm {
namespace {

Shape checked_shape(int M, int K, int N, int rows, int columns) {
  if (M < 1 || K < 1 || N < 1) {
    throw std::invalid_argument("GemmRace: M, K, N are " + format_shape({M, K, N}) + "; each must be >= 1");
  }
  return {rows, columns};
}

}  // namespace

GemmRace::GemmRace(int M, int K, int N, const std::vector<std::string>& names, parallel::ThreadPool& pool,
                   profile::SamplingOptions options)
    : pool_(pool),
      a_(checked_shape(M, K, N, M, K)),
      b_(Shape{K, N}),
      c_(Shape{M, N}),
      entries_([&] {
        std::vector<Entry> entries;
        for (const std::string& name : names) entries.push_back({&gemm::variant(name), {}});
        if (!names.empty()) return entries;
        for (const Variant& variant : variants()) {
          if (variant.supported()) entries.push_back({&variant, {}});
        }
        return entries;
      }()),
      race_(contenders(), std::move(options)) {
  Rng(1, 0).fill_uniform(a_.values(), -1.0F, 1.0F);
  Rng(1, 1).fill_uniform(b_.values(), -1.0F, 1.0F);
}

std::vector<profile::Contender> GemmRace::contenders() {
  const double M = a_.shape()[0], K = a_.shape()[1], N = b_.shape()[1];
  std::vector<profile::Contender> contenders;
  for (Entry& entry : entries_) {
    contenders.push_back({std::string(entry.variant->name), [this, &entry] { run(entry); }, 2.0 * M * K * N,
                          4.0 * (M * K + K * N + M * N)});
  }
  return contenders;
}

void GemmRace::run(Entry& entry) {
  Context context{pool_, scratch_};
  multiply(*entry.variant, {a_.matrix(), b_.matrix(), c_.matrix(), {}}, context);
  if (!entry.digest.empty()) return;
  Digest digest;  // in the first call, which only warms up
  digest.add(std::span<const float>(c_.values()));
  entry.digest = digest.hex();
}

double GemmRace::roof(int lane, const std::vector<profile::Peak>& peaks) const {
  const auto applies = [&](const profile::Peak& peak) {
    return peak.kind == profile::Peak::Kind::kCompute && peak.name == variant(lane).isa &&
           peak.threads == threads(lane);
  };
  const auto peak = std::ranges::find_if(peaks, applies);
  return peak == peaks.end() ? 0.0 : peak->value;
}

}  // namespace optlab::gemm
