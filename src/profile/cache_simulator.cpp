#include "profile/cache_simulator.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

namespace optlab::profile {
namespace {

bool is_power_of_two(int value) { return value > 0 && std::has_single_bit(static_cast<unsigned>(value)); }

void check(const CacheLevel& level, int number) {
  const auto refuse = [&](const std::string& what) {
    throw std::invalid_argument("CacheSimulator: level " + std::to_string(number) + ": " + what);
  };
  if (!is_power_of_two(level.line) || level.line < 4) {
    refuse("a line of " + std::to_string(level.line) + " bytes; it must be a power of two, 4 at least");
  }
  if (level.ways < 1) refuse(std::to_string(level.ways) + " ways; it must have at least 1");
  const std::int64_t set = std::int64_t{level.line} * level.ways;
  if (level.size < 1 || level.size % set != 0 || !is_power_of_two(static_cast<int>(level.size / set))) {
    refuse(std::to_string(level.size) + " bytes in sets of " + std::to_string(level.ways) + " lines of " +
           std::to_string(level.line) + " bytes; the number of sets must be a power of two");
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
    throw std::invalid_argument("CacheSimulator: " + std::to_string(levels.size()) + " levels; 1 to 3 are possible");
  }
  if (regions < 1 || source_lines < 1) {
    throw std::invalid_argument("CacheSimulator: " + std::to_string(regions) + " regions and " +
                                std::to_string(source_lines) + " source lines; both must be at least 1");
  }
  const std::size_t slots = static_cast<std::size_t>(regions) * static_cast<std::size_t>(source_lines);
  for (const CacheLevel& level : levels) {
    check(level, static_cast<int>(levels_.size()) + 1);
    const int lines = level.size / level.line, sets = lines / level.ways;
    levels_.push_back({level.ways, std::countr_zero(static_cast<unsigned>(level.line)),
                       static_cast<std::uint32_t>(sets - 1), std::vector<Entry>(static_cast<std::size_t>(lines)),
                       std::vector<CacheCounters>(slots)});
  }
}

void CacheSimulator::reset() {
  for (Level& level : levels_) {
    std::fill(level.entries.begin(), level.entries.end(), Entry{0});
    std::fill(level.counters.begin(), level.counters.end(), CacheCounters{});
  }
}

int CacheSimulator::access(std::uint64_t address, bool write, int region, int source_line) {
  const std::size_t slot =
      static_cast<std::size_t>(source_line) * static_cast<std::size_t>(regions_) + static_cast<std::size_t>(region);
  for (std::size_t index = 0; index < levels_.size(); ++index) {
    Level& level = levels_[index];
    CacheCounters& counters = level.counters[slot];
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
      return static_cast<int>(index);
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

void CacheSimulator::write_back(std::size_t index, std::uint64_t address) {
  for (; index < levels_.size(); ++index) {
    Level& level = levels_[index];
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

CacheCounters CacheSimulator::counters(int level) const {
  CacheCounters sum;
  for (const CacheCounters& slot : levels_.at(static_cast<std::size_t>(level)).counters) sum += slot;
  return sum;
}

CacheCounters CacheSimulator::counters(int level, int region, int source_line) const {
  if (region < 0 || region >= regions_ || source_line < 0 || source_line >= source_lines_) {
    throw std::out_of_range("CacheSimulator: no region " + std::to_string(region) + " or source line " +
                            std::to_string(source_line));
  }
  return levels_.at(static_cast<std::size_t>(level))
      .counters[static_cast<std::size_t>(source_line) * static_cast<std::size_t>(regions_) +
                static_cast<std::size_t>(region)];
}

std::vector<std::int64_t> CacheSimulator::contents(int level) const {
  std::vector<std::int64_t> result;
  for (const Entry entry : levels_.at(static_cast<std::size_t>(level)).entries) {
    result.push_back(entry == 0 ? -1 : std::int64_t{entry >> 1} - 1);
  }
  return result;
}

}  // namespace optlab::profile
