#pragma once

#include <span>
#include <string>
#include <string_view>

/// What all ladders of kernels share: rows in order, each with `name`, `threaded` and `supported()`, which says whether
/// this CPU runs it.
namespace optlab {

namespace detail {
void append_name(std::string& names, std::string_view name);
[[noreturn]] void refuse_name(std::string_view family, std::string_view name, const std::string& names);
}  // namespace detail

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

}  // namespace optlab
