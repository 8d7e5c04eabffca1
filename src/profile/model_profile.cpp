#include "profile/model_profile.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace optlab::profile {

double LayerProfile::flops_per_second() const {
  return seconds && seconds->median > 0.0 ? static_cast<double>(work.flops()) / seconds->median : 0.0;
}

void ModelProfile::begin_run() {
  open_.clear();
  spans_.clear();
  ++run_;
  run_start_ = clock_();
}

void ModelProfile::end_run() noexcept {
  run_seconds_ += clock_() - run_start_;
  ++sample_runs_;
}

void ModelProfile::end_sample() {
  if (sample_runs_ == 0) throw std::logic_error("ModelProfile: no run since the last sample");
  for (Row& row : rows_) {
    if (row.runs > 0) row.samples.push_back(row.seconds / row.runs);
  }
  run_samples_.push_back(run_seconds_ / sample_runs_);
  discard();
}

void ModelProfile::discard() noexcept {
  for (Row& row : rows_) row.seconds = 0.0, row.runs = 0;
  run_seconds_ = 0.0;
  sample_runs_ = 0;
}

void ModelProfile::watch_memory(MemoryProfiler* memory) {
  if (memory_ != nullptr) copy_marks();
  memory_ = memory;
}

/// Regions have the layers' names and parents.
void ModelProfile::copy_marks() {
  const std::vector<MemoryRegion> regions = memory_->regions();
  std::vector<int> region_of(rows_.size(), -1);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    LayerProfile& layer = rows_[i].layer;
    const int parent = layer.parent < 0 ? -1 : region_of[static_cast<std::size_t>(layer.parent)];
    const auto found = std::find_if(regions.begin(), regions.end(), [&](const MemoryRegion& region) {
      return region.parent == parent && region.label == layer.name;
    });
    if (found == regions.end()) continue;
    region_of[i] = static_cast<int>(found - regions.begin());
    layer.high_water = found->high_water;
    layer.growth = found->growth();
  }
}

int ModelProfile::row_of(int parent, const LayerInfo& layer) {
  const auto is_it = [&](const Row& row) { return row.layer.parent == parent && row.layer.name == layer.name; };
  // Runs are alike, so it is most likely the one after the last that began.
  const std::size_t likely = spans_.empty() ? 0 : static_cast<std::size_t>(spans_.back().layer) + 1;
  if (likely < rows_.size() && is_it(rows_[likely])) return static_cast<int>(likely);
  const auto found = std::find_if(rows_.begin(), rows_.end(), is_it);
  if (found != rows_.end()) return static_cast<int>(found - rows_.begin());
  Row row;
  row.layer.name = layer.name;
  row.layer.parent = parent;
  row.layer.depth = static_cast<int>(open_.size());
  rows_.push_back(std::move(row));
  return static_cast<int>(rows_.size()) - 1;
}

void ModelProfile::on_layer_begin(const LayerInfo& layer) {
  const int index = row_of(open_.empty() ? -1 : open_.back().row, layer);
  Row& row = rows_[static_cast<std::size_t>(index)];
  if (row.last_run != run_) {
    row.last_run = run_;
    ++row.runs;
    row.layer.calls = 0;
    row.layer.work = {};
  }
  ++row.layer.calls;
  row.layer.kind = layer.kind;
  row.layer.output = layer.output;
  row.layer.work += layer.work;
  for (const Open& outer : open_) rows_[static_cast<std::size_t>(outer.row)].layer.work += layer.work;
  open_.push_back({index, static_cast<int>(spans_.size())});
  spans_.push_back({index, 0.0, 0.0});
  if (memory_ != nullptr) memory_->begin_region(layer.name);
  spans_.back().begin = clock_() - run_start_;
}

void ModelProfile::on_layer_end(const LayerInfo& /*layer*/) noexcept {
  const double now = clock_() - run_start_;
  if (open_.empty()) return;  // began before the run
  if (memory_ != nullptr) memory_->end_region();
  const auto [row, index] = open_.back();
  open_.pop_back();
  LayerSpan& span = spans_[static_cast<std::size_t>(index)];
  span.seconds = now - span.begin;
  rows_[static_cast<std::size_t>(row)].seconds += span.seconds;
}

std::vector<LayerProfile> ModelProfile::layers() const {
  const std::optional<measure::Statistics> whole = run();
  std::vector<LayerProfile> result;
  result.reserve(rows_.size());
  for (const Row& row : rows_) {
    result.push_back(row.layer);
    if (row.samples.empty()) continue;
    result.back().seconds = measure::summarize(row.samples);
    if (whole && whole->median > 0.0) result.back().share = result.back().seconds->median / whole->median;
  }
  return result;
}

std::optional<measure::Statistics> ModelProfile::run() const {
  if (run_samples_.empty()) return {};
  return measure::summarize(run_samples_);
}

}  // namespace optlab::profile
