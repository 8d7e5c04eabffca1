#include "profile/loop_nest.h"

#include <algorithm>

#include "core/error.h"

namespace optlab::profile {
namespace {

void check(const char* what, int value, int least, int most) {
  if (value >= least && value <= most) return;
  throw_invalid({"LoopNest: ", what, " is ", value, "; it must be ", least, " to ", most});
}

}  // namespace

LoopNest::LoopNest(const NestSpec& spec, const NestOptions& options) : spec_(&spec), options_(options) {
  check("number of loops", static_cast<int>(spec.loops.size()), 1, kMostLoops);
  check("number of accesses", static_cast<int>(spec.accesses.size()), 1, kMostAccesses);
  check("number of arrays", static_cast<int>(spec.arrays.size()), 1, kMostArrays);
  check("n", options.n, 1, 2048);
  check("block", options.block, 1, options.n);
  check("padding", options.padding, 0, 1024);
  std::uint8_t count = 0;
  for (std::size_t depth = 0; depth < spec.loops.size(); ++depth) {
    for (const bool after : {false, true}) {
      Range& range = (after ? after_ : before_)[depth];
      range.begin = count;
      for (const NestAccess& access : spec.accesses) {
        if (access.depth == static_cast<int>(depth) && access.after == after) accesses_[count++] = access;
      }
      range.end = count;
    }
    steps_[depth] = spec.loops[depth].over_tiles ? options.block : 1;
  }
  const std::uint64_t row = static_cast<std::uint64_t>(options.n + options.padding) * kElement;
  for (std::size_t array = 0; array < spec.arrays.size(); ++array) {
    bool has_rows = false;
    for (const NestAccess& access : spec.accesses) {
      has_rows = has_rows || (access.array == static_cast<int>(array) && access.row >= 0);
    }
    bases_[array] = bytes_;
    bytes_ += row * static_cast<std::uint64_t>(has_rows ? options.n : 1);
    bytes_ = (bytes_ + kAlignment - 1) / kAlignment * kAlignment;
  }
  restart();
}

std::uint64_t LoopNest::base(int array) const {
  check("array", array, 0, static_cast<int>(spec_->arrays.size()) - 1);
  return bases_[static_cast<std::size_t>(array)];
}

void LoopNest::restart() {
  values_ = {};
  done_ = 0;
  enter(0);
}

/// The first iteration of the loop at `depth`. No loop is empty: n and block are at least 1.
void LoopNest::enter(int depth) {
  const auto d = static_cast<std::size_t>(depth);
  const int tile = spec_->loops[d].tile;
  values_[d] = tile < 0 ? 0 : values_[static_cast<std::size_t>(tile)];
  ends_[d] = tile < 0 ? options_.n : std::min(options_.n, values_[d] + options_.block);
  depth_ = depth;
  behind_ = false;
  pending_ = before_[d];
}

/// To the next place that has accesses, possibly none; false at the end.
bool LoopNest::advance() {
  if (!behind_ && depth_ + 1 < static_cast<int>(spec_->loops.size())) {
    enter(depth_ + 1);
    return true;
  }
  if (!behind_) {  // the innermost loop has nothing behind an inner one
    behind_ = true;
    pending_ = after_[static_cast<std::size_t>(depth_)];
    if (pending_.begin != pending_.end) return true;
  }
  const auto d = static_cast<std::size_t>(depth_);
  if (values_[d] + steps_[d] < ends_[d]) {
    values_[d] += steps_[d];
    behind_ = false;
    pending_ = before_[d];
    return true;
  }
  if (depth_ == 0) return false;
  --depth_;
  behind_ = true;
  pending_ = after_[static_cast<std::size_t>(depth_)];
  return true;
}

bool LoopNest::next(NestStep& step) {
  while (pending_.begin == pending_.end) {
    if (!advance()) return false;
  }
  const NestAccess& access = accesses_[pending_.begin++];
  const int row = access.row < 0 ? 0 : values_[static_cast<std::size_t>(access.row)];
  const int column = values_[static_cast<std::size_t>(access.column)];
  const std::int64_t element = std::int64_t{row} * (options_.n + options_.padding) + column;
  step = {access.array, row,
          column,       bases_[static_cast<std::size_t>(access.array)] + static_cast<std::uint64_t>(element) * kElement,
          access.write, access.source_line};
  ++done_;
  return true;
}

std::int64_t LoopNest::total() const {
  std::int64_t total = 0, iterations = 1;
  for (std::size_t d = 0; d < spec_->loops.size(); ++d) {
    const NestLoop& loop = spec_->loops[d];
    const std::int64_t tiles = (options_.n + options_.block - 1) / options_.block;
    if (loop.tile >= 0) iterations /= tiles;  // a tile and what runs through it are n together
    iterations *= loop.over_tiles ? tiles : options_.n;
    total += iterations * (before_[d].end - before_[d].begin + after_[d].end - after_[d].begin);
  }
  return total;
}

}  // namespace optlab::profile
