#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// What all ladders of kernels share: variants in order, slowest first, each beginning with a Row.
namespace optlab {

/// kExact: the same bits on every target and number of threads. kFast: may fuse and reorder, within a stated error.
enum class Mode { kExact, kFast };

/// What every variant of every family says of itself.
struct Row {
  std::string_view name;
  std::string_view idea;  // one line, shown in the lesson
  std::string_view isa;   // the policy's name: "scalar", "wasm128", …
  Mode mode;
  bool threaded;        // divides its work among threads
  bool (*supported)();  // whether this CPU runs it
};

/// For variants that every CPU runs.
inline bool always() { return true; }

namespace detail {
void append_name(std::string& names, std::string_view name);
[[noreturn]] void refuse_name(std::string_view family, std::string_view name, const std::string& names);
}  // namespace detail

/// A family's variants, slowest first, as its list adds them: kMost at most. Unlike a vector, of which each family
/// would have its own code in a WebAssembly module, it can be a constant.
template <class Variant, int kMost = 16>
class Ladder {
 public:
  constexpr void add(const Variant& variant) {
    if (count_ == kMost) __builtin_trap();
    rows_[count_++] = variant;
  }
  constexpr operator std::span<const Variant>() const {
    return {rows_, static_cast<std::size_t>(count_)};
  }  // NOLINT: implicit

 private:
  Variant rows_[kMost] = {};
  int count_ = 0;
};

/// A name of two parts, which lasts as long as the program.
std::string_view lasting_name(std::string_view first, std::string_view second);

/// The row called `name`. Throws std::invalid_argument naming the `family` and listing the names there are if this CPU
/// has none of that name.
template <class Row>
const Row& find_row(std::span<const Row> ladder, std::string_view family, std::string_view name) {
  std::string names;
  for (const Row& row : ladder) {
    if (!row.supported()) continue;
    if (row.name == name) return row;
    detail::append_name(names, row.name);
  }
  detail::refuse_name(family, name, names);
}

/// The last row, hence the fastest, that this CPU supports, that does not divide work among threads where there is one
/// only, and of which `qualifies(row)` is true; the first row, the reference, if none is.
template <class Row, class Qualifies>
const Row& last_row(std::span<const Row> ladder, int threads, const Qualifies& qualifies) {
  const Row* choice = &ladder.front();
  for (const Row& row : ladder) {
    if (row.supported() && (!row.threaded || threads > 1) && qualifies(row)) choice = &row;
  }
  return *choice;
}

/// The fastest variant of `mode`: in fast mode exact ones serve too.
template <class Variant>
const Variant& best_row(std::span<const Variant> ladder, Mode mode, int threads) {
  return last_row(ladder, threads, [&](const Variant& row) { return mode == Mode::kFast || row.mode == Mode::kExact; });
}

}  // namespace optlab
