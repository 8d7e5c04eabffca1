#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/buffer.h"

namespace optlab::profile {

/// One level of cache. Sets are size / (line · ways), a power of two, as is the line.
struct CacheLevel {
  int size;  // bytes
  int line;  // bytes
  int ways;
};

/// What happened at one level, in accesses or lines.
struct CacheCounters {
  std::int64_t reads = 0;
  std::int64_t writes = 0;
  std::int64_t read_misses = 0;
  std::int64_t write_misses = 0;
  std::int64_t evictions = 0;   // valid lines that had to go
  std::int64_t writebacks = 0;  // of them, those that had been written

  std::int64_t accesses() const { return reads + writes; }
  std::int64_t misses() const { return read_misses + write_misses; }
  std::int64_t hits() const { return accesses() - misses(); }
  CacheCounters& operator+=(const CacheCounters& other);
  bool operator==(const CacheCounters&) const = default;
};

/// A hierarchy of set-associative caches, least recently used out first, write-allocate and write-back: a write fetches
/// its line like a read, and marks it; a marked line that has to go is written to the next level.
///
/// A level sees the accesses that the one before missed, and no others. A line that is written back marks its copy in the
/// next level, if there is one, and is no use of it; else it goes on to the one after. Levels neither enforce nor forbid
/// that a line stands in several. There is no prefetching, so that each miss can be explained. That is how cachegrind
/// does it, and tools/cache-check.ts holds the counts against cachegrind's.
///
/// Counters are kept for every pair of a region (an array) and a source line, both small numbers that the caller chooses.
/// Throws:   std::invalid_argument naming the level and what is wrong with it, or what there is none of.
/// Cost:     12 to 25 ns an access together with the nest that makes it, the more the more ways are searched in vain (Xeon,
///           natively and in Node: 256³ products in about a second); 4 bytes for a line of cache.
/// Source:   Hennessy and Patterson, "Computer Architecture", appendix B.
class CacheSimulator {
 public:
  static constexpr int kMostLevels = 3;

  /// One to three levels, the smallest first; regions and source lines count from 0.
  CacheSimulator(std::span<const CacheLevel> levels, int regions, int source_lines);

  /// Reads or writes the byte at `address` (and those beside it, in the same line). Returns the level that had it, 0 to
  /// levels() - 1, or levels() for memory. Checks nothing: the region and the line of the source must be among those
  /// announced, `address` below 2^31 lines.
  int access(std::uint64_t address, bool write, int region, int source_line);

  /// Empty, and nothing counted.
  void reset();

  int levels() const { return level_count_; }
  int regions() const { return regions_; }
  int source_lines() const { return source_lines_; }
  CacheCounters counters(int level) const;
  CacheCounters counters(int level, int region, int source_line) const;

  /// What a level holds: for each set in order its ways, most recently used first: the line's number (its address divided
  /// by the length of a line), or -1 for nothing.
  std::vector<std::int32_t> contents(int level) const;

 private:
  /// A line in the cache: its number plus one, times two, plus one if it was written; 0 for nothing.
  using Entry = std::uint32_t;

  struct Level {
    int ways = 0;
    int line_shift = 0;
    std::uint32_t set_mask = 0;
    AlignedBuffer<Entry> entries;  // [sets, ways], most recently used first
    AlignedBuffer<CacheCounters> counters;
  };

  const Level& level_at(int level) const;
  void write_back(int index, std::uint64_t address);

  std::array<Level, kMostLevels> levels_{};
  int level_count_ = 0;
  int regions_;
  int source_lines_;
};

}  // namespace optlab::profile
