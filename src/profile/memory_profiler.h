#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/memory.h"

namespace optlab::profile {

/// One allocation or release that really happened.
struct MemoryEvent {
  double seconds;        // since the profiler began
  std::ptrdiff_t bytes;  // negative: released
  std::size_t current;   // what was allocated then
  int region;            // index into regions(); -1 outside of all
};

/// What happened while a region was open, its inner regions included.
struct MemoryRegion {
  std::string label;
  int parent;              // index, or -1
  int visits;              // how often it was entered
  int allocations;         // in all visits
  std::size_t allocated;   // bytes, in all visits
  std::size_t at_entry;    // what was allocated when it was entered for the visit with the highest mark
  std::size_t high_water;  // the most that was allocated while it was open
  /// What it needed beside what was there.
  std::size_t growth() const { return high_water - at_entry; }
};

/// Records real allocations, those that core/memory.h hands out (tensors, scratch, packed weights), for as long as it
/// lives: when, how much, in which labelled region, and each region's high-water mark. There can be one at a time.
///
/// Regions nest, and belong to the thread that opens them; allocations of any thread count for the innermost open region
/// and, for the high-water mark, for all around it. Opening a region of the same label in the same parent again is a
/// visit to the same region.
/// Units:    bytes as asked for, of the whole library: what was allocated before the profiler began is in `current` too.
/// Cost:     a lock, a reading of the clock and 32 bytes for every allocation, nothing for anything else. Of more than
///           `most_events` only figures are kept.
class MemoryProfiler : private memory::Listener {
 public:
  /// Throws std::logic_error if somebody listens already, std::bad_alloc.
  explicit MemoryProfiler(std::size_t most_events = 1 << 16);
  ~MemoryProfiler() override;
  MemoryProfiler(const MemoryProfiler&) = delete;
  MemoryProfiler& operator=(const MemoryProfiler&) = delete;

  /// Throws std::bad_alloc.
  void begin_region(std::string_view label);
  /// Ends the one opened last; does nothing if none is open.
  void end_region() noexcept;

  /// Copies, so that other threads may go on.
  std::vector<MemoryEvent> timeline() const;
  std::vector<MemoryRegion> regions() const;
  /// What was allocated when it began, what is now, and the most in between.
  std::size_t at_start() const { return at_start_; }
  std::size_t current() const;
  std::size_t high_water() const;
  /// Events that the timeline had no room for.
  std::size_t dropped_events() const;

 private:
  struct Open {
    int region;
    std::size_t at_entry;
    std::size_t high_water;
  };

  void on_memory(std::ptrdiff_t bytes, std::size_t current) noexcept override;

  mutable std::mutex mutex_;
  double start_;
  std::size_t at_start_;
  std::size_t current_;
  std::size_t high_water_;
  std::size_t dropped_ = 0;
  std::vector<MemoryEvent> events_;  // never grows: reserved at first, as it must not fail when it is told
  std::vector<MemoryRegion> regions_;
  std::vector<Open> open_;
};

}  // namespace optlab::profile
