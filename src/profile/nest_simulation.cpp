#include "profile/nest_simulation.h"

namespace optlab::profile {

NestSimulation::NestSimulation(const NestSpec& spec, const NestOptions& options, std::span<const CacheLevel> levels)
    : nest_(spec, options), caches_(levels, static_cast<int>(spec.arrays.size()), static_cast<int>(spec.code.size())) {}

bool NestSimulation::step(SimulatedStep& step) {
  if (!nest_.next(step.access)) return false;
  const NestStep& access = step.access;
  step.level = caches_.access(access.address, access.write, access.array, access.source_line);
  return true;
}

std::int64_t NestSimulation::run(std::int64_t most) {
  SimulatedStep ignored;
  std::int64_t steps = 0;
  while (steps < most && step(ignored)) ++steps;
  return steps;
}

void NestSimulation::restart() {
  nest_.restart();
  caches_.reset();
}

}  // namespace optlab::profile
