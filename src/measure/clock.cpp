#include "measure/clock.h"

#include <algorithm>
#include <chrono>

namespace optlab::measure {
namespace {

double measure_tick() {
  constexpr double kPatience = 0.02;
  const double start = now_seconds();
  double smallest = kPatience;
  double last = start;
  while (last - start < kPatience) {
    const double now = now_seconds();
    if (now > last) smallest = std::min(smallest, now - last);
    last = now;
  }
  return smallest;
}

}  // namespace

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double clock_tick() {
  static const double tick = measure_tick();
  return tick;
}

}  // namespace optlab::measure
