#pragma once

#include <cstdint>
#include <span>

#include "profile/cache_simulator.h"
#include "profile/loop_nest.h"

namespace optlab::profile {

/// What became of one access.
struct SimulatedStep {
  NestStep access;
  int level;  // that had it: 0 is the first cache, levels() is memory
};

/// A loop nest running through caches, which are empty at first; a region of the simulator is one of its arrays.
class NestSimulation {
 public:
  /// Throws: see LoopNest and CacheSimulator.
  NestSimulation(const NestSpec& spec, const NestOptions& options, std::span<const CacheLevel> levels);

  /// One access; false at the end.
  bool step(SimulatedStep& step);
  /// Up to `most` accesses; returns how many.
  std::int64_t run(std::int64_t most);
  /// Back to the first access and empty caches.
  void restart();

  const LoopNest& nest() const { return nest_; }
  const CacheSimulator& caches() const { return caches_; }

 private:
  LoopNest nest_;
  CacheSimulator caches_;
};

}  // namespace optlab::profile
