#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/digest.h"
#include "core/rng.h"
#include "core/tensor.h"
#include "gemm/gemm.h"
#include "profile/race.h"
#include "profile/roofline_probe.h"
#include "simd/isa.h"

namespace optlab::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kProbeSeconds = 3.0;

struct Options {
  int size = 512;
  int m = 0, n = 0, k = 0;  // 0: size
  std::vector<std::string> rungs;
  int threads = 1;
  double seconds = 10.0;
  bool json = false;
};

/// What has been measured of one rung.
struct Row {
  const gemm::Variant* variant;
  profile::Lane lane;
  double peak;  // FLOP/s that bound this rung
  std::string digest;

  double rate(double seconds) const { return lane.flops / seconds; }
  double share() const { return rate(lane.statistics->median) / peak; }
};

std::vector<const gemm::Variant*> choose(const std::vector<std::string>& names) {
  std::vector<const gemm::Variant*> chosen;
  for (const std::string& name : names) chosen.push_back(&gemm::variant(name));
  if (!names.empty()) return chosen;
  for (const gemm::Variant& variant : gemm::variants()) {
    if (variant.supported()) chosen.push_back(&variant);
  }
  return chosen;
}

/// Operands, results and the rungs that race on them.
class Bench {
 public:
  Bench(const Options& options, std::vector<const gemm::Variant*> variants)
      : pool_(options.threads),
        context_{pool_, scratch_},
        a_(Shape{options.m, options.k}),
        b_(Shape{options.k, options.n}),
        c_(Shape{options.m, options.n}),
        variants_(std::move(variants)) {
    Rng(1, 0).fill_uniform(a_.values(), -1.0F, 1.0F);
    Rng(1, 1).fill_uniform(b_.values(), -1.0F, 1.0F);
  }

  parallel::ThreadPool& pool() { return pool_; }

  /// Each rung's result, before anything is timed: exact rungs must agree bit for bit, or their times would mean
  /// nothing.
  void verify() {
    std::string exact;
    for (const gemm::Variant* variant : variants_) {
      multiply(*variant);
      Digest digest;
      digest.add(std::span<const float>(c_.values()));
      digests_.push_back(digest.hex());
      if (variant->mode != gemm::Mode::kExact) continue;
      if (exact.empty()) exact = digests_.back();
      if (digests_.back() != exact)
        throw std::runtime_error(std::string(variant->name) + " differs from the other exact rungs");
    }
  }

  std::vector<profile::Peak> probe(Progress& progress) {
    profile::RooflineProbe probe(pool_, kProbeSeconds);
    while (probe.step()) progress.show(probe.progress(), "measuring this device's peaks");
    return probe.peaks();
  }

  std::vector<Row> race(double seconds, const std::vector<profile::Peak>& peaks, Progress& progress) {
    const double m = a_.shape()[0], k = a_.shape()[1], n = b_.shape()[1];
    std::vector<profile::Contender> contenders;
    for (const gemm::Variant* variant : variants_) {
      contenders.push_back({std::string(variant->name), [this, variant] { multiply(*variant); }, 2.0 * m * n * k,
                            4.0 * (m * k + k * n + m * n)});
    }
    profile::Race race(std::move(contenders), {.max_seconds = seconds});
    while (race.step()) progress.show(race.progress(), "racing " + std::to_string(race.size()) + " rungs");
    std::vector<Row> rows;
    for (int i = 0; i < race.size(); ++i) {
      rows.push_back({variants_[i], race.lane(i), bound(*variants_[i], peaks), digests_[i]});
    }
    return rows;
  }

 private:
  void multiply(const gemm::Variant& variant) {
    gemm::multiply(variant, {a_.matrix(), b_.matrix(), c_.matrix(), {}}, context_);
  }

  /// The peak that a rung is held against: mul+add for exact rungs, fused for fast ones where the device has it; of as
  /// many threads.
  double bound(const gemm::Variant& variant, const std::vector<profile::Peak>& peaks) const {
    const int threads = variant.threaded ? pool_.threads() : 1;
    const bool fast = variant.mode == gemm::Mode::kFast;
    double best = 0.0;
    for (const profile::Peak& peak : peaks) {
      if (peak.kind != profile::Peak::Kind::kCompute || peak.threads != threads || (peak.fused && !fast)) continue;
      best = std::max(best, peak.value);
    }
    return best;
  }

  parallel::ThreadPool pool_;
  Arena scratch_;
  gemm::Context context_;
  Tensor a_, b_, c_;
  std::vector<const gemm::Variant*> variants_;
  std::vector<std::string> digests_;
};

const char* mode_name(const gemm::Variant& variant) { return variant.mode == gemm::Mode::kExact ? "exact" : "fast"; }

Json to_json(const Row& row, int threads) {
  const profile::Statistics& s = *row.lane.statistics;
  return {{"name", row.variant->name},
          {"mode", mode_name(*row.variant)},
          {"isa", row.variant->isa},
          {"threads", row.variant->threaded ? threads : 1},
          {"gflops", row.rate(s.median) / 1e9},
          {"gflops_low", row.rate(s.high) / 1e9},
          {"gflops_high", row.rate(s.low) / 1e9},
          {"interval", s.interval_is_range ? "range" : "95 % of the median"},
          {"peak_gflops", row.peak / 1e9},
          {"fraction_of_peak", row.share()},
          {"seconds", {{"median", s.median}, {"low", s.low}, {"high", s.high}, {"min", s.min}, {"max", s.max}}},
          {"batches", s.count},
          {"discarded", row.lane.discarded},
          {"settled", row.lane.settled},
          {"digest", row.digest}};
}

void print_json(const Options& options, const std::vector<profile::Peak>& peaks, const std::vector<Row>& rows,
                int threads) {
  Json out = {{"m", options.m}, {"n", options.n}, {"k", options.k}, {"isa", simd::isa_name()}, {"threads", threads}};
  for (const profile::Peak& peak : peaks) {
    const bool compute = peak.kind == profile::Peak::Kind::kCompute;
    out["peaks"].push_back({{"name", peak.name},
                            {"kind", compute ? "compute" : "memory"},
                            {"threads", peak.threads},
                            {"fused", peak.fused},
                            {"value", peak.value},
                            {"unit", compute ? "FLOP/s" : "B/s"}});
  }
  for (const Row& row : rows) out["rungs"].push_back(to_json(row, threads));
  std::printf("%s\n", out.dump(2).c_str());
}

void print_table(const Options& options, const std::vector<Row>& rows, int threads) {
  std::printf("C[%d,%d] = A[%d,%d]·B[%d,%d], float32, %s, %d thread%s\n\n", options.m, options.n, options.m, options.k,
              options.k, options.n, simd::isa_name().c_str(), threads, threads == 1 ? "" : "s");
  Table table({"rung", "mode", "threads", "GFLOP/s", "95 % interval", "peak", "% of peak", "ms a call"});
  bool open = false;
  for (const Row& row : rows) {
    const profile::Statistics& s = *row.lane.statistics;
    const bool loose = s.interval_is_range || !row.lane.settled;
    open = open || loose;
    table.add({std::string(row.variant->name), mode_name(*row.variant),
               std::to_string(row.variant->threaded ? threads : 1), fixed(row.rate(s.median) / 1e9, 2),
               fixed(row.rate(s.high) / 1e9, 2) + "–" + fixed(row.rate(s.low) / 1e9, 2) + (loose ? "*" : " "),
               fixed(row.peak / 1e9, 1), fixed(100.0 * row.share(), 1), fixed(1e3 * s.median, 3)});
  }
  table.print();
  std::printf(
      "\nThe peak is measured: mul+add for exact rungs, fused multiply-add for fast ones, of as many threads.\n");
  if (open)
    std::printf(
        "* not settled to ±2 %% in the time given; more --seconds narrow it (below six batches it is the range)\n");
}

void run(Options options) {
  for (int* dimension : {&options.m, &options.n, &options.k}) {
    if (*dimension == 0) *dimension = options.size;
  }
  Bench bench(options, choose(options.rungs));
  bench.verify();
  std::vector<profile::Peak> peaks;
  std::vector<Row> rows;
  {
    Progress progress;
    peaks = bench.probe(progress);
    rows = bench.race(options.seconds, peaks, progress);
  }
  const int threads = bench.pool().threads();
  options.json ? print_json(options, peaks, rows, threads) : print_table(options, rows, threads);
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* bench = app.add_subcommand("bench", "Race the rungs of a kernel ladder");
  require_choice(*bench);
  auto options = std::make_shared<Options>();
  CLI::App* gemm =
      bench->add_subcommand("gemm", "Matrix multiplication, float32: every rung, as a share of this device's peak");
  const auto dimension = [&](const char* name, int& value, const char* text) {
    return gemm->add_option(name, value, text)->check(count_between(1, 8192))->type_name("N");
  };
  dimension("--size", options->size, "M = N = K")->capture_default_str();
  dimension("--m", options->m, "Rows of A and C; default: --size");
  dimension("--k", options->k, "Columns of A, rows of B; default: --size");
  dimension("--n", options->n, "Columns of B and C; default: --size");
  gemm->add_option("--rungs", options->rungs, "Only these, separated by commas (optlab info lists them)")
      ->delimiter(',')
      ->type_name("NAME,…");
  add_threads(*gemm, options->threads);
  gemm->add_option("--seconds", options->seconds, "Time for the race, beside 3 s for the peaks")
      ->check(number_between(0.1, 3600))
      ->type_name("S")
      ->capture_default_str();
  gemm->add_flag("--json", options->json, "Print JSON");
  gemm->footer(
      "Examples:\n  optlab bench gemm\n  optlab bench gemm --m 1 --k 4096 --n 4096 --rungs simd,simd_threads --json");
  gemm->callback([options] { run(*options); });
}

}  // namespace optlab::cli
