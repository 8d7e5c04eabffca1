#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "measure/clock.h"
#include "measure/statistics.h"
#include "profile/memory_profiler.h"
#include "profile/observer.h"

namespace optlab::profile {

/// A row of the table: one layer of the model.
struct LayerProfile {
  std::string name;  // within its parent
  std::string kind;
  int parent;  // index of the layer that contains it, or -1
  int depth;   // 0 for a layer that no other contains
  Shape output;
  int calls = 0;  // in one run
  /// For one run, the layers inside included.
  Work work;
  /// Seconds in one run, layers inside included; none before the first sample.
  std::optional<measure::Statistics> seconds;
  double share = 0.0;  // of the whole run's median
  /// Where memory was watched: the most that the library had allocated while the layer ran, and how much more that is
  /// than before it began. Bytes.
  std::size_t high_water = 0;
  std::size_t growth = 0;

  double flops_per_second() const;
};

/// A part of the last run, for a flame chart.
struct LayerSpan {
  int layer;       // index into layers()
  double begin;    // seconds since the run began
  double seconds;  // how long it took
};

/// Records what a model's layers say and how long they take. A sample of a layer is its time in one run, or the mean of
/// several runs where a run is short against the clock's tick: layers of 20 µs are measured in a browser whose clock has
/// steps of 5 or 100, as their beginnings fall anywhere between two steps.
/// Cost: two readings of the clock a layer.
class ModelProfile : public Observer {
 public:
  explicit ModelProfile(std::function<double()> clock = measure::now_seconds) : clock_(std::move(clock)) {}

  void begin_run();
  void end_run() noexcept;
  /// The runs since the last sample become one sample. Throws std::logic_error if there are none.
  void end_sample();
  /// They don't count (warm-up).
  void discard() noexcept;

  /// Regions of `memory` are opened around the layers, until it is null; then, the marks stand in layers().
  void watch_memory(MemoryProfiler* memory);

  void on_layer_begin(const LayerInfo& layer) override;
  void on_layer_end(const LayerInfo& layer) noexcept override;

  /// In the order in which the layers first ran, a layer before those inside it.
  std::vector<LayerProfile> layers() const;
  /// Seconds of a whole run, what lies between the layers included.
  std::optional<measure::Statistics> run() const;
  /// The last run.
  std::span<const LayerSpan> spans() const { return spans_; }

 private:
  struct Row {
    LayerProfile layer;
    double seconds = 0.0;  // since the last sample
    int runs = 0;          // since the last sample that it took part in
    int last_run = -1;
    std::vector<double> samples;
  };
  struct Open {
    int row;
    int span;
  };

  int row_of(int parent, const LayerInfo& layer);
  void copy_marks();

  std::function<double()> clock_;
  MemoryProfiler* memory_ = nullptr;
  std::vector<Row> rows_;
  std::vector<Open> open_;
  std::vector<LayerSpan> spans_;
  std::vector<double> run_samples_;
  double run_start_ = 0.0;
  double run_seconds_ = 0.0;  // since the last sample
  int sample_runs_ = 0;
  int run_ = 0;
};

/// The layers as CSV (RFC 4180, lines end in \n): a header, then a row each; microseconds, bytes, FLOPs, GFLOP/s; times
/// and ratios to three decimals.
std::string to_csv(std::span<const LayerProfile> layers);

/// The last run in Chrome's trace event format, for chrome://tracing and Perfetto: a complete event ("X", microseconds)
/// for each layer.
std::string trace_json(const ModelProfile& profile, std::string_view title = "OptLab");

}  // namespace optlab::profile
