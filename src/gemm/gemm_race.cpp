#include "gemm/gemm_race.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "core/digest.h"
#include "core/error.h"
#include "core/ladder.h"
#include "core/rng.h"

namespace optlab::gemm {
namespace {

Shape checked_shape(int M, int K, int N, int rows, int columns) {
  if (M < 1 || K < 1 || N < 1) {
    throw_invalid({"GemmRace: M, K, N are ", format_shape({M, K, N}), "; each must be >= 1"});
  }
  return {rows, columns};
}

std::vector<Rung> all_rungs() {
  std::vector<Rung> rungs;
  for (const Variant& v : variants()) {
    const Rung::Kind kind = v.mode == Mode::kExact ? Rung::Kind::kExact : Rung::Kind::kFast;
    const Rung rung{std::string(v.name), std::string(v.idea), std::string(v.isa), kind, v.threaded, false, &v, nullptr};
    rungs.push_back(rung);
    // Packing is a copy of B per product: a matter of per cents, which only the fast rungs without threads show clearly.
    if (v.panels.lanes > 1 && !v.threaded) {
      rungs.push_back(rung);
      rungs.back().name += "_prepacked";
      rungs.back().idea = "B packed once, before the clock starts";
      rungs.back().prepacked = true;
    }
  }
  for (const Int8Variant& v : int8_variants()) {
    if (v.format.lanes == 1) continue;
    rungs.push_back({std::string(v.name), std::string(v.idea), std::string(v.roof), Rung::Kind::kInt8, v.threaded, true,
                     nullptr, &v});
  }
  return rungs;
}

}  // namespace

const std::vector<Rung>& rungs() {
  static const std::vector<Rung> all = all_rungs();
  return all;
}

GemmRace::GemmRace(int M, int K, int N, const std::vector<std::string>& names, parallel::ThreadPool& pool,
                   measure::SamplingOptions options, const Blocking& blocking)
    : pool_(pool),
      blocking_(blocking),
      a_(checked_shape(M, K, N, M, K)),
      b_(Shape{K, N}),
      c_(Shape{M, N}),
      entries_([&] {
        std::vector<Entry> entries;
        for (const std::string& name : names)
          entries.push_back({&find_row(std::span(rungs()), "GemmRace", name), {}, {}, {}});
        if (!names.empty()) return entries;
        for (const Rung& rung : rungs()) {
          if (rung.supported()) entries.push_back({&rung, {}, {}, {}});
        }
        return entries;
      }()),
      race_(contenders(), std::move(options)) {
  Rng(1, 0).fill_uniform(a_.values(), -1.0F, 1.0F);
  Rng(1, 1).fill_uniform(b_.values(), -1.0F, 1.0F);
  pack(entries_);
}

void GemmRace::pack(std::span<Entry> entries) {
  std::vector<std::int8_t> b8;
  for (Entry& entry : entries) {
    const Rung& rung = *entry.rung;
    if (rung.f32 != nullptr) {
      if (rung.prepacked) entry.b = PackedMatrix(*rung.f32, std::as_const(b_).matrix());
      continue;
    }
    if (b8.empty()) {
      std::ranges::transform(b_.values(), std::back_inserter(b8), [](float b) { return std::lround(127.0F * b); });
      std::ranges::transform(a_.values(), std::back_inserter(a8_), [](float a) { return std::lround(63.0F * a) + 64; });
      c8_.resize(c_.size());
    }
    const int K = b_.shape()[0], N = b_.shape()[1];
    entry.b8 = PackedInt8(*rung.int8, {b8.data(), K, N, N, 1});
  }
}

std::vector<measure::Contender> GemmRace::contenders() {
  const double M = a_.shape()[0], K = a_.shape()[1], N = b_.shape()[1];
  std::vector<measure::Contender> contenders;
  for (Entry& entry : entries_) {
    const double operand_bytes = entry.rung->int8 != nullptr ? 1.0 : 4.0;
    const double bytes = operand_bytes * (M * K + K * N) + 4.0 * M * N;
    contenders.push_back({entry.rung->name, [this, &entry] { run(entry); }, 2.0 * M * K * N, bytes});
  }
  return contenders;
}

void GemmRace::run_f32(Entry& entry) {
  Context context{pool_, scratch_, blocking_};
  if (entry.rung->prepacked) {
    multiply(*entry.rung->f32, a_.matrix(), entry.b, c_.matrix(), {}, context);
  } else {
    multiply(*entry.rung->f32, {a_.matrix(), b_.matrix(), c_.matrix()}, context);
  }
}

void GemmRace::run_int8(Entry& entry) {
  Context context{pool_, scratch_, blocking_};
  const int M = a_.shape()[0], K = a_.shape()[1], N = b_.shape()[1];
  multiply_int8(*entry.rung->int8, {a8_.data(), M, K, K, 1}, entry.b8, {c8_.data(), M, N, N, 1}, context);
}

void GemmRace::run(Entry& entry) {
  const bool is_int8 = entry.rung->int8 != nullptr;
  is_int8 ? run_int8(entry) : run_f32(entry);
  if (!entry.digest.empty()) return;
  Digest digest;  // in the first call, which only warms up
  is_int8 ? digest.add(std::span<const std::int32_t>(c8_)) : digest.add(std::span<const float>(c_.values()));
  entry.digest = digest.hex();
}

double GemmRace::roof(int lane, const std::vector<measure::Peak>& peaks) const {
  const auto applies = [&](const measure::Peak& peak) {
    return peak.kind != measure::Peak::Kind::kMemory && peak.name == rung(lane).isa && peak.threads == threads(lane);
  };
  const auto peak = std::ranges::find_if(peaks, applies);
  return peak == peaks.end() ? 0.0 : peak->value;
}

}  // namespace optlab::gemm
