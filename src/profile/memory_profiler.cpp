#include "profile/memory_profiler.h"

#include <algorithm>
#include <stdexcept>

#include "measure/clock.h"

namespace optlab::profile {

MemoryProfiler::MemoryProfiler(std::size_t most_events)
    : start_(measure::now_seconds()),
      at_start_(memory::figures().current),
      current_(at_start_),
      high_water_(at_start_) {
  events_.reserve(most_events);
  if (!memory::start_listening(*this)) throw std::logic_error("MemoryProfiler: there is one already");
}

MemoryProfiler::~MemoryProfiler() { memory::stop_listening(); }

void MemoryProfiler::begin_region(std::string_view label) {
  const std::lock_guard lock(mutex_);
  const int parent = open_.empty() ? -1 : open_.back().region;
  const auto found = std::find_if(regions_.begin(), regions_.end(), [&](const MemoryRegion& region) {
    return region.parent == parent && region.label == label;
  });
  const int index = static_cast<int>(found - regions_.begin());
  open_.reserve(open_.size() + 1);
  if (found == regions_.end()) regions_.push_back({std::string(label), parent, 0, 0, 0, current_, current_});
  ++regions_[static_cast<std::size_t>(index)].visits;
  open_.push_back({index, current_, current_});
}

void MemoryProfiler::end_region() noexcept {
  const std::lock_guard lock(mutex_);
  if (open_.empty()) return;
  const Open& visit = open_.back();
  MemoryRegion& region = regions_[static_cast<std::size_t>(visit.region)];
  if (visit.high_water > region.high_water || region.visits == 1) {
    region.at_entry = visit.at_entry;
    region.high_water = visit.high_water;
  }
  open_.pop_back();
}

void MemoryProfiler::on_memory(std::ptrdiff_t bytes, std::size_t current) noexcept {
  const std::lock_guard lock(mutex_);
  current_ = current;
  high_water_ = std::max(high_water_, current);
  for (Open& visit : open_) {
    visit.high_water = std::max(visit.high_water, current);
    if (bytes < 0) continue;
    MemoryRegion& region = regions_[static_cast<std::size_t>(visit.region)];
    ++region.allocations;
    region.allocated += static_cast<std::size_t>(bytes);
  }
  if (events_.size() < events_.capacity()) {
    events_.push_back({measure::now_seconds() - start_, bytes, current, open_.empty() ? -1 : open_.back().region});
  } else {
    ++dropped_;
  }
}

std::vector<MemoryEvent> MemoryProfiler::timeline() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::vector<MemoryRegion> MemoryProfiler::regions() const {
  const std::lock_guard lock(mutex_);
  std::vector<MemoryRegion> result = regions_;
  for (const Open& visit : open_) {  // not yet ended
    MemoryRegion& region = result[static_cast<std::size_t>(visit.region)];
    if (visit.high_water > region.high_water) region.at_entry = visit.at_entry, region.high_water = visit.high_water;
  }
  return result;
}

std::size_t MemoryProfiler::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::size_t MemoryProfiler::high_water() const {
  const std::lock_guard lock(mutex_);
  return high_water_;
}

std::size_t MemoryProfiler::dropped_events() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace optlab::profile
