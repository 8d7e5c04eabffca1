#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace optlab::profile {

/// A loop of a nest, as data: for (v = start; v < end; v += step), all over 0 to n.
struct NestLoop {
  const char* variable;
  std::int16_t source_line;  // index into the nest's code
  /// The loop over tiles whose tile this one runs through (from its value, up to a block further), or -1: from 0 to n.
  std::int16_t tile = -1;
  bool over_tiles = false;  // in steps of the block
};

/// A load or store of array[row][column], made in every iteration of the loop at `depth`: before the loop inside it, or
/// after.
struct NestAccess {
  std::int16_t array;
  std::int16_t row;  // index of the loop whose variable it is, or -1: there are no rows
  std::int16_t column;
  bool write;
  std::int16_t source_line;
  std::int16_t depth;
  bool after = false;
};

/// A loop nest with its source. Its accesses are what a compiler makes of that source with the sums in registers.
struct NestSpec {
  std::string_view name;
  std::string_view idea;
  std::span<const char* const> code;    // lines of C
  std::span<const char* const> arrays;  // names; float32, n rows (or none, where no access has a row) of n columns
  std::span<const NestLoop> loops;      // outermost first
  std::span<const NestAccess> accesses;
};

/// Matrix products in several orders, transposes and sums over columns. Data: another nest is another row.
std::span<const NestSpec> nests();
/// The nest called `name`. Throws std::invalid_argument listing the names if there is none.
const NestSpec& nest(std::string_view name);

struct NestOptions {
  int n = 64;       // 1 to 2048
  int block = 16;   // 1 to n; the tile of blocked nests
  int padding = 0;  // 0 to 1024; elements after each row, so that a column doesn't meet the same set of a cache again
};

/// One access.
struct NestStep {
  int array;
  int row;  // 0 where there are no rows
  int column;
  std::uint64_t address;
  bool write;
  int source_line;
};

/// Goes through a nest access by access, keeping only where it stands.
class LoopNest {
 public:
  static constexpr int kMostLoops = 6;
  static constexpr int kMostAccesses = 8;
  static constexpr int kMostArrays = 4;
  static constexpr int kElement = 4;     // bytes
  static constexpr int kAlignment = 64;  // of each array; they follow each other in memory, the first at 0

  /// `spec` must outlive the nest. Throws std::invalid_argument naming the option that makes no sense.
  LoopNest(const NestSpec& spec, const NestOptions& options);

  const NestSpec& spec() const { return *spec_; }
  const NestOptions& options() const { return options_; }
  /// The address of an array's first element, and the bytes that all take.
  std::uint64_t base(int array) const;
  std::uint64_t bytes() const { return bytes_; }

  /// The next access; false at the end.
  bool next(NestStep& step);
  /// The loops' variables at the access that came last, outermost first; those of inner loops that don't run then keep
  /// the value they had.
  std::span<const int> variables() const { return {values_.data(), spec_->loops.size()}; }
  std::int64_t done() const { return done_; }
  /// How many accesses there are in all.
  std::int64_t total() const;
  /// Back to the first.
  void restart();

 private:
  struct Range {
    std::uint8_t begin, end;  // of accesses_
  };

  bool advance();
  void enter(int depth);

  const NestSpec* spec_;
  NestOptions options_;
  std::array<NestAccess, kMostAccesses> accesses_{};  // by depth, those before the inner loop first
  std::array<Range, kMostLoops> before_{};
  std::array<Range, kMostLoops> after_{};
  std::array<std::uint64_t, kMostArrays> bases_{};
  std::uint64_t bytes_ = 0;

  std::array<int, kMostLoops> values_{};
  std::array<int, kMostLoops> ends_{};
  std::array<int, kMostLoops> steps_{};
  int depth_ = 0;
  bool behind_ = false;  // the inner loop has ended
  Range pending_{0, 0};
  std::int64_t done_ = 0;
};

}  // namespace optlab::profile
