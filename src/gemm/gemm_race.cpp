#include "gemm/gemm_race.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

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

std::vector<Rung> all_rungs() {
  std::vector<Rung> rungs;
  for (const Variant& variant : variants()) {
    rungs.push_back({std::string(variant.name), std::string(variant.idea), &variant, false});
    // Packing is a copy of B per product: a matter of per cents, which only the fast rungs without threads show clearly.
    if (variant.panels.lanes > 1 && !variant.threaded) {
      rungs.push_back(
          {std::string(variant.name) + "_prepacked", "B packed once, before the clock starts", &variant, true});
    }
  }
  return rungs;
}

/// Throws std::invalid_argument listing the names if there is none called `name` that runs here.
const Rung& find_rung(const std::string& name) {
  std::string names;
  for (const Rung& rung : rungs()) {
    if (!rung.variant->supported()) continue;
    if (rung.name == name) return rung;
    names += (names.empty() ? "" : ", ") + rung.name;
  }
  throw std::invalid_argument("GemmRace: no rung \"" + name + "\" here; there are " + names);
}

}  // namespace

const std::vector<Rung>& rungs() {
  static const std::vector<Rung> all = all_rungs();
  return all;
}

GemmRace::GemmRace(int M, int K, int N, const std::vector<std::string>& names, parallel::ThreadPool& pool,
                   profile::SamplingOptions options, const Blocking& blocking)
    : pool_(pool),
      blocking_(blocking),
      a_(checked_shape(M, K, N, M, K)),
      b_(Shape{K, N}),
      c_(Shape{M, N}),
      entries_([&] {
        std::vector<Entry> entries;
        for (const std::string& name : names) entries.push_back({&find_rung(name), {}, {}});
        if (!names.empty()) return entries;
        for (const Rung& rung : rungs()) {
          if (rung.variant->supported()) entries.push_back({&rung, {}, {}});
        }
        return entries;
      }()),
      race_(contenders(), std::move(options)) {
  Rng(1, 0).fill_uniform(a_.values(), -1.0F, 1.0F);
  Rng(1, 1).fill_uniform(b_.values(), -1.0F, 1.0F);
  for (Entry& entry : entries_) {
    if (entry.rung->prepacked) entry.b = PackedMatrix(*entry.rung->variant, std::as_const(b_).matrix());
  }
}

std::vector<profile::Contender> GemmRace::contenders() {
  const double M = a_.shape()[0], K = a_.shape()[1], N = b_.shape()[1];
  std::vector<profile::Contender> contenders;
  for (Entry& entry : entries_) {
    contenders.push_back(
        {entry.rung->name, [this, &entry] { run(entry); }, 2.0 * M * K * N, 4.0 * (M * K + K * N + M * N)});
  }
  return contenders;
}

void GemmRace::run(Entry& entry) {
  Context context{pool_, scratch_, blocking_};
  if (entry.rung->prepacked) {
    multiply(*entry.rung->variant, a_.matrix(), entry.b, c_.matrix(), {}, context);
  } else {
    multiply(*entry.rung->variant, {a_.matrix(), b_.matrix(), c_.matrix()}, context);
  }
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
