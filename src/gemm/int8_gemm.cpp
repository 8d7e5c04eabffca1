#include "gemm/int8_gemm.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "core/error.h"
#include "core/ladder.h"
#include "core/operands.h"
#include "gemm/int8_rows.h"

namespace optlab::gemm {
namespace {

using detail::int8_row;
using detail::Int8Layout;

/// A row that has to be made needs a place.
std::size_t naive_scratch(const Int8Problem& problem, const Blocking& /*blocking*/, int /*threads*/) {
  return problem.rows != nullptr ? static_cast<std::size_t>(problem.b->rows()) + Int8RowSource::kSlack : 0;
}

Ladder<Int8Variant> ladder() {
  Ladder<Int8Variant> rows;
  rows.add({{"int8_naive", "three loops, an element of C at a time", "scalar", Mode::kExact, false, always},
            {},
            8,
            Int8Format{},
            naive_scratch,
            detail::int8_naive,
            nullptr});
  rows.add(int8_row<simd::ScalarDot>(
      {"scalar", "int8_packed", {}, "weights in panels, a tile of sums in registers", always}, false));
  simd::for_each_dot_target([&]<class Dot>(const simd::DotTarget& target) {
    for (const bool threaded : {false, true}) rows.add(int8_row<Dot>(target, threaded));
  });
  return rows;
}

/// Copies panel p into the order of the tile: for each group of k and each column its values side by side, zeros beyond
/// the matrix.
template <class Element>
void pack_panel(const Int8Layout& layout, const WeightView& b, int p, Element* to) {
  const int group = layout.format.group;
  const int padded = layout.padded_width(p);
  const int first = p * layout.format.columns;
  for (int k = 0; k < layout.depth; ++k) {
    Element* step = to + static_cast<std::ptrdiff_t>(k / group) * padded * group + k % group;
    for (int i = 0; i < layout.width(p); ++i) step[i * group] = b(k, first + i);  // NOLINT(bugprone-signed-char-misuse)
  }
}

template <class View>
void check_adjacent(const char* what, const View& view) {
  check_view("int8 gemm", what, view);
  if (view.rows > 0 && view.columns > 0 && view.column_stride != 1) {
    throw_invalid({"int8 gemm: ", what, "'s columns must be adjacent"});
  }
}

template <class Output>
void check(const Int8Variant& variant, const ActivationView& a, const PackedInt8& b, const Output& c) {
  check_adjacent("A", a);
  check_adjacent("C", c);
  if (!b.fits(variant)) {
    throw std::invalid_argument("int8 gemm: B is not packed for " + std::string(variant.name));
  }
  check_product("int8 gemm", extents(a), "B", {b.rows(), b.columns()}, extents(c));
}

void check(const Requantization& q, int columns, int depth) {
  if (q.scale.size() != 1 && q.scale.size() != static_cast<std::size_t>(columns)) {
    throw_invalid({"int8 gemm: ", q.scale.size(), " scales for ", columns, " columns; want one, or one a column"});
  }
  if (!std::ranges::all_of(q.scale, [](float scale) { return std::isfinite(scale); })) {
    throw std::invalid_argument("int8 gemm: a scale is not finite");
  }
  if (q.low < 0 || q.low > q.high || q.high > 255) {
    throw_invalid({"int8 gemm: results from ", q.low, " to ", q.high, "; want 0 <= low <= high <= 255"});
  }
  if (depth > kInt8MaxDepth / 2) {
    throw_invalid({"int8 gemm: K is ", depth, "; with a zero point sums fit 32 bits up to ", kInt8MaxDepth / 2});
  }
}

}  // namespace

std::span<const Int8Variant> int8_variants() {
  static const Ladder<Int8Variant> kVariants = ladder();
  return kVariants;
}

const Int8Variant& int8_variant(std::string_view name) { return find_row(int8_variants(), "int8 gemm", name); }

const Int8Variant& best_int8(int activation_bits, int threads) {
  return last_row(int8_variants(), threads, [&](const Int8Variant& row) {
    return row.activation_bits >= activation_bits && (!row.name.starts_with("int8_fused") || detail::int8_fused_pays());
  });
}

PackedInt8::PackedInt8(const Int8Variant& variant, WeightView b)
    : rows_(b.rows), columns_(b.columns), has_value_(true), format_(variant.format) {
  if (b.rows < 0 || b.columns < 0 || b.rows > kInt8MaxDepth || (b.data == nullptr && b.rows > 0 && b.columns > 0)) {
    throw_invalid({"PackedInt8: B is ", format_shape({b.rows, b.columns}),
                   (b.data == nullptr ? " without data" : "; want 0 <= K <= 65536 and N >= 0")});
  }
  column_sums_ = AlignedBuffer<std::int32_t>(static_cast<std::size_t>(columns_));
  for (int k = 0; k < rows_; ++k) {
    for (int n = 0; n < columns_; ++n) column_sums_.data()[n] += b(k, n);
  }
  Int8Layout layout{rows_, columns_, format_};
  if (format_.columns == 0) layout.format.columns = std::max(columns_, 1);  // row by row: one panel
  data_ = AlignedBuffer<std::byte>(layout.bytes());
  for (int p = 0; p < layout.panels(); ++p) {
    std::byte* to = data_.data() + layout.offset(p);
    if (format_.element_bytes == 1) {
      pack_panel(layout, b, p, reinterpret_cast<std::int8_t*>(to));
    } else {
      pack_panel(layout, b, p, reinterpret_cast<std::int16_t*>(to));
    }
  }
}

void multiply_int8(const Int8Variant& variant, ActivationView a, const PackedInt8& b, SumView c, Context& context) {
  check(variant, a, b, c);
  run(variant, Int8Problem{.a = a, .b = &b, .c = c}, context);
}

void multiply_int8(const Int8Variant& variant, ActivationView a, int a_zero, const PackedInt8& b,
                   const Requantization& requantization, BasicMatrixView<std::uint8_t> c, Context& context) {
  check(variant, a, b, c);
  check(requantization, b.columns(), a.columns);
  run(variant,
      Int8Problem{.a = a, .b = &b, .c = {}, .requantization = &requantization, .zero_point = a_zero, .requantized = c},
      context);
}

namespace {

/// A view that has a shape and no data: the rows come from elsewhere.
ActivationView shape_of(int M, const PackedInt8& b) {
  static constexpr std::uint8_t kNothing = 0;
  return {&kNothing, M, b.rows(), b.rows(), 1};
}

}  // namespace

void multiply_int8(const Int8Variant& variant, int M, const Int8RowSource& a, const PackedInt8& b, SumView c,
                   Context& context) {
  check(variant, shape_of(M, b), b, c);
  run(variant, Int8Problem{.a = shape_of(M, b), .b = &b, .c = c, .rows = &a}, context);
}

void multiply_int8(const Int8Variant& variant, int M, const Int8RowSource& a, int a_zero, const PackedInt8& b,
                   const Requantization& requantization, BasicMatrixView<std::uint8_t> c, Context& context) {
  check(variant, shape_of(M, b), b, c);
  check(requantization, b.columns(), b.rows());
  run(variant,
      Int8Problem{.a = shape_of(M, b),
                  .b = &b,
                  .c = {},
                  .requantization = &requantization,
                  .zero_point = a_zero,
                  .requantized = c,
                  .rows = &a},
      context);
}

}  // namespace optlab::gemm
