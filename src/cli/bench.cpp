#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "gemm/blocking_tuner.h"
#include "gemm/gemm_race.h"
#include "measure/roofline_probe.h"
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
  const gemm::Rung* rung;
  measure::Lane lane;
  double peak;  // FLOP/s or integer operations/s that bound this rung; 0 if not measured
  std::string digest;

  double rate(double seconds) const { return lane.flops / seconds; }
  double share() const { return rate(lane.statistics->median) / peak; }
};

std::vector<measure::Peak> probe(parallel::ThreadPool& pool, Progress& progress) {
  measure::RooflineProbe probe(pool, kProbeSeconds);
  while (probe.step()) progress.show(probe.progress(), "measuring this device's peaks");
  return probe.peaks();
}

/// Throws std::runtime_error if two exact rungs computed different bits: their times would mean nothing.
std::vector<Row> run_race(gemm::GemmRace& race, const std::vector<measure::Peak>& peaks, Progress& progress) {
  while (race.race().step()) {
    progress.show(race.race().progress(), "racing " + std::to_string(race.race().size()) + " rungs");
  }
  std::vector<Row> rows;
  std::string exact;
  for (int lane = 0; lane < race.race().size(); ++lane) {
    rows.push_back({&race.rung(lane), race.race().lane(lane), race.roof(lane, peaks), race.digest(lane)});
    if (race.rung(lane).kind != gemm::Rung::Kind::kExact) continue;
    if (exact.empty()) exact = race.digest(lane);
    if (race.digest(lane) != exact) {
      throw std::runtime_error(race.rung(lane).name + " differs from the other exact rungs");
    }
  }
  return rows;
}

const char* mode_name(const gemm::Rung& rung) {
  static constexpr const char* kNames[] = {"exact", "fast", "int8"};
  return kNames[static_cast<int>(rung.kind)];
}

Json to_json(const Row& row, int threads) {
  const measure::Statistics& s = *row.lane.statistics;
  return {{"name", row.rung->name},
          {"mode", mode_name(*row.rung)},
          {"isa", row.rung->isa},
          {"threads", row.rung->threaded ? threads : 1},
          {"gflops", row.rate(s.median) / 1e9},
          {"gflops_low", row.rate(s.high) / 1e9},
          {"gflops_high", row.rate(s.low) / 1e9},
          {"interval", s.interval_is_range ? "range" : "95 % of the median"},
          {"peak_gflops", row.peak > 0.0 ? Json(row.peak / 1e9) : Json()},
          {"fraction_of_peak", row.peak > 0.0 ? Json(row.share()) : Json()},
          {"seconds", {{"median", s.median}, {"low", s.low}, {"high", s.high}, {"min", s.min}, {"max", s.max}}},
          {"batches", s.count},
          {"discarded", row.lane.discarded},
          {"settled", row.lane.settled},
          {"digest", row.digest}};
}

void print_json(const Options& options, const std::vector<measure::Peak>& peaks, const std::vector<Row>& rows,
                int threads) {
  Json out = {{"m", options.m}, {"n", options.n}, {"k", options.k}, {"isa", simd::isa_name()}, {"threads", threads}};
  for (const measure::Peak& peak : peaks) {
    static constexpr const char* kKinds[] = {"compute", "integer", "memory"};
    static constexpr const char* kUnits[] = {"FLOP/s", "OP/s", "B/s"};
    const int kind = static_cast<int>(peak.kind);
    out["peaks"].push_back({{"name", peak.name},
                            {"kind", kKinds[kind]},
                            {"threads", peak.threads},
                            {"fused", peak.fused},
                            {"value", peak.value},
                            {"unit", kUnits[kind]}});
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
    const measure::Statistics& s = *row.lane.statistics;
    const bool loose = s.interval_is_range || !row.lane.settled;
    open = open || loose;
    table.add({row.rung->name, mode_name(*row.rung), std::to_string(row.rung->threaded ? threads : 1),
               fixed(row.rate(s.median) / 1e9, 2),
               fixed(row.rate(s.high) / 1e9, 2) + "–" + fixed(row.rate(s.low) / 1e9, 2) + (loose ? "*" : " "),
               row.peak > 0.0 ? fixed(row.peak / 1e9, 1) : "–", row.peak > 0.0 ? fixed(100.0 * row.share(), 1) : "–",
               fixed(1e3 * s.median, 3)});
  }
  table.print();
  std::printf(
      "\nThe peak is measured too: multiply-adds in registers, of the rung's own instructions and number of "
      "threads. Rungs of mode int8 multiply the operands quantized to 7 and 8 bits: other numbers, same shape.\n");
  if (open)
    std::printf(
        "* not settled to ±2 %% in the time given; more --seconds narrow it (below six batches it is the range)\n");
}

void run(Options options) {
  for (int* dimension : {&options.m, &options.n, &options.k}) {
    if (*dimension == 0) *dimension = options.size;
  }
  parallel::ThreadPool pool(options.threads);
  gemm::GemmRace race(options.m, options.k, options.n, options.rungs, pool, {.max_seconds = options.seconds});
  std::vector<measure::Peak> peaks;
  std::vector<Row> rows;
  {
    Progress progress;
    peaks = probe(pool, progress);
    rows = run_race(race, peaks, progress);
  }
  const int threads = pool.threads();
  options.json ? print_json(options, peaks, rows, threads) : print_table(options, rows, threads);
}

struct TuningOptions {
  int threads = 1;
  double seconds = 10.0;
  bool json = false;
};

std::string blocking_text(const gemm::Blocking& b) {
  return std::to_string(b.depth) + " × " + std::to_string(b.rows) + " × " + std::to_string(b.columns);
}

void tune(const TuningOptions& options) {
  parallel::ThreadPool pool(options.threads);
  gemm::BlockingTuner tuner(pool, options.seconds);
  {
    Progress progress;
    while (tuner.step()) progress.show(tuner.progress(), "measuring blockings");
  }
  const gemm::Blocking best = tuner.best();
  const auto candidates = gemm::BlockingTuner::candidates();
  Json rows = Json::array();
  Table table({"depth × rows × columns", "GFLOP/s", "95 % interval", ""});
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const measure::Lane lane = tuner.race().lane(static_cast<int>(i));
    const measure::Statistics& s = *lane.statistics;
    const auto rate = [&](double seconds) { return lane.flops / seconds / 1e9; };
    const gemm::Blocking& b = candidates[i];
    rows.push_back({{"depth", b.depth},
                    {"rows", b.rows},
                    {"columns", b.columns},
                    {"gflops", rate(s.median)},
                    {"gflops_low", rate(s.high)},
                    {"gflops_high", rate(s.low)},
                    {"best", b == best}});
    table.add({blocking_text(b), fixed(rate(s.median), 2), fixed(rate(s.high), 2) + "–" + fixed(rate(s.low), 2),
               b == best ? "best" : ""});
  }
  if (options.json) {
    std::printf(
        "%s\n",
        Json{{"size", gemm::BlockingTuner::kSize}, {"threads", pool.threads()}, {"blockings", rows}}.dump(2).c_str());
    return;
  }
  std::printf("C = A·B, %d × %d × %d, float32, fast mode, %d thread%s, by the blocks it is cut into\n\n",
              gemm::BlockingTuner::kSize, gemm::BlockingTuner::kSize, gemm::BlockingTuner::kSize, pool.threads(),
              pool.threads() == 1 ? "" : "s");
  table.print();
  std::printf(
      "\nThe default comes first and stays unless another is faster by more than 2 %% and the intervals are apart.\n");
}

void add_bench_blocking(CLI::App& bench) {
  auto options = std::make_shared<TuningOptions>();
  CLI::App* blocking =
      bench.add_subcommand("blocking", "Matrix multiplication by block sizes: which suit this device's caches");
  add_threads(*blocking, options->threads);
  blocking->add_option("--seconds", options->seconds, "Time for the race")
      ->check(number_between(0.1, 3600))
      ->type_name("S")
      ->capture_default_str();
  blocking->add_flag("--json", options->json, "Print JSON");
  blocking->callback([options] { tune(*options); });
}

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
      ->allow_extra_args(false)
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
  add_bench_blocking(*bench);
}

const Command kCommand(2, add_bench);

}  // namespace
}  // namespace optlab::cli
