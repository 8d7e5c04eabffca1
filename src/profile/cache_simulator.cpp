#include "profile/cache_simulator.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "core/error.h"

namespace optlab::profile {
namespace {

bool is_power_of_two(int value) { return value > 0 && std::has_single_bit(static_cast<unsigned>(value)); }

void check(const CacheLevel& level, int number) {
  const auto refuse = [&](std::string_view what) {
    throw_invalid({"CacheSimulator: level ", number, ", ", level.size, " bytes in sets of ", level.ways, " lines of ",
                   level.line, " bytes: ", what});
  };
  if (!is_power_of_two(level.line) || level.line < 4) refuse("a line must be a power of two, 4 bytes at least");
  if (level.ways < 1) refuse("there must be at least 1 way");
  const std::int64_t set = std::int64_t{level.line} * level.ways;
  if (level.size < 1 || level.size % set != 0 || !is_power_of_two(static_cast<int>(level.size / set))) {
    refuse("the number of sets must be a power of two");
  }
}

}  // namespace

CacheCounters& CacheCounters::operator+=(const CacheCounters& other) {
  reads += other.reads;
  writes += other.writes;
  read_misses += other.read_misses;
  write_misses += other.write_misses;
  evictions += other.evictions;
  writebacks += other.writebacks;
  return *this;
}

CacheSimulator::CacheSimulator(std::span<const CacheLevel> levels, int regions, int source_lines)
    : regions_(regions), source_lines_(source_lines) {
  if (levels.empty() || levels.size() > kMostLevels) {
    throw_invalid({"CacheSimulator: ", levels.size(), " levels; 1 to 3 are possible"});
  }
  if (regions < 1 || source_lines < 1) {
    throw_invalid(
        {"CacheSimulator: ", regions, " regions and ", source_lines, " source lines; both must be at least 1"});
  }
  for (const CacheLevel& from : levels) {
    Level& level = levels_[static_cast<std::size_t>(level_count_++)];
    check(from, level_count_);
    const int lines = from.size / from.line;
    level.ways = from.ways;
    level.line_shift = std::countr_zero(static_cast<unsigned>(from.line));
    level.set_mask = static_cast<std::uint32_t>(lines / from.ways - 1);
    level.entries = AlignedBuffer<Entry>(static_cast<std::size_t>(lines));
    level.counters =
        AlignedBuffer<CacheCounters>(static_cast<std::size_t>(regions) * static_cast<std::size_t>(source_lines));
  }
}

void CacheSimulator::reset() {
  for (Level& level : levels_) {  // those that are not there are empty
    std::ranges::fill(level.entries.span(), Entry{0});
    std::ranges::fill(level.counters.span(), CacheCounters{});
  }
}

int CacheSimulator::access(std::uint64_t address, bool write, int region, int source_line) {
  const std::size_t slot =
      static_cast<std::size_t>(source_line) * static_cast<std::size_t>(regions_) + static_cast<std::size_t>(region);
  for (int index = 0; index < level_count_; ++index) {
    Level& level = levels_[static_cast<std::size_t>(index)];
    CacheCounters& counters = level.counters.data()[slot];
    ++(write ? counters.writes : counters.reads);
    const auto number = static_cast<std::uint32_t>(address >> level.line_shift);
    const Entry wanted = (number + 1) << 1;
    Entry* const set =
        level.entries.data() + static_cast<std::size_t>(number & level.set_mask) * static_cast<std::size_t>(level.ways);
    // Only the first level is written to directly; those behind it get the line when it has to go.
    const Entry written = write && index == 0 ? 1 : 0;
    int way = 0;
    while (way < level.ways && (set[way] & ~Entry{1}) != wanted) ++way;
    const bool hit = way < level.ways;
    const Entry last = set[hit ? way : level.ways - 1];
    for (int to = hit ? way : level.ways - 1; to > 0; --to) set[to] = set[to - 1];
    if (hit) {
      set[0] = last | written;
      return index;
    }
    set[0] = wanted | written;
    ++(write ? counters.write_misses : counters.read_misses);
    if (last == 0) continue;
    ++counters.evictions;
    if ((last & 1) == 0) continue;
    ++counters.writebacks;
    write_back(index + 1, static_cast<std::uint64_t>((last >> 1) - 1) << level.line_shift);
  }
  return levels();
}

void CacheSimulator::write_back(int index, std::uint64_t address) {
  for (; index < level_count_; ++index) {
    Level& level = levels_[static_cast<std::size_t>(index)];
    const auto number = static_cast<std::uint32_t>(address >> level.line_shift);
    const Entry wanted = (number + 1) << 1;
    Entry* const set =
        level.entries.data() + static_cast<std::size_t>(number & level.set_mask) * static_cast<std::size_t>(level.ways);
    for (int way = 0; way < level.ways; ++way) {
      if ((set[way] & ~Entry{1}) != wanted) continue;
      set[way] |= 1;
      return;
    }
  }
}

const CacheSimulator::Level& CacheSimulator::level_at(int level) const {
  if (level < 0 || level >= level_count_) throw_invalid({"CacheSimulator: no level ", level, " of ", level_count_});
  return levels_[static_cast<std::size_t>(level)];
}

CacheCounters CacheSimulator::counters(int level) const {
  CacheCounters sum;
  for (const CacheCounters& slot : level_at(level).counters.span()) sum += slot;
  return sum;
}

CacheCounters CacheSimulator::counters(int level, int region, int source_line) const {
  if (region < 0 || region >= regions_ || source_line < 0 || source_line >= source_lines_) {
    throw_invalid({"CacheSimulator: no region ", region, " or no source line ", source_line});
  }
  return level_at(level).counters.data()[static_cast<std::size_t>(source_line) * static_cast<std::size_t>(regions_) +
                                         static_cast<std::size_t>(region)];
}

std::vector<std::int32_t> CacheSimulator::contents(int level) const {
  const std::span<const Entry> entries = level_at(level).entries.span();
  std::vector<std::int32_t> result(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) result[i] = static_cast<std::int32_t>(entries[i] >> 1) - 1;
  return result;
}

}  // namespace optlab::profile
