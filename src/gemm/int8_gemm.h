#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/matrix.h"
#include "gemm/gemm.h"

/// Integer matrix multiplication: unsigned activations times signed 8-bit weights, added up in 32 bits without error.
namespace optlab::gemm {

using ActivationView = BasicMatrixView<const std::uint8_t>;
using WeightView = BasicMatrixView<const std::int8_t>;
using SumView = BasicMatrixView<std::int32_t>;

/// Sums of so many products of 255 and -128 still fit 32 bits.
inline constexpr int kInt8MaxDepth = 65536;

/// How a rung wants its weights: panels of so many columns, in vectors of `lanes`, `group` values of k side by side for
/// each column, as bytes or as 16-bit words.
struct Int8Format {
  int columns = 0;
  int lanes = 1;
  int group = 1;
  int element_bytes = 1;
  bool operator==(const Int8Format&) const = default;
};

class PackedInt8;
struct Requantization;

namespace detail {
struct Int8Kernels;
}

/// A matrix whose rows are made as they are needed, block by block: what a convolution multiplies without ever having
/// it whole.
struct Int8RowSource {
  const void* source;
  /// Bytes that `gather` may spoil behind its last row, so that it can copy by whole vectors.
  static constexpr int kSlack = 16;
  /// Writes rows first … first + count, `columns` bytes each, stride bytes apart. Called by several threads at a time.
  void (*gather)(const void* source, int first, int count, std::uint8_t* to, std::ptrdiff_t stride) noexcept;
};

/// A product as a kernel gets it.
struct Int8Problem {
  ActivationView a;  // only its shape counts if there is a row source
  const PackedInt8* b;
  SumView c;  // the sums, unless `requantization` says what becomes of them
  const Requantization* requantization = nullptr;
  int zero_point = 0;  // of A
  BasicMatrixView<std::uint8_t> requantized = {};
  const Int8RowSource* rows = nullptr;
};

/// A rung of the integer ladder. All give the same integers, on every ISA and number of threads.
struct Int8Variant : Row {
  std::string_view roof;  // the limit that its instructions have: a measure::Peak's name; empty for the reference
  int activation_bits;    // 7: activations 0..127, 8: 0..255
  Int8Format format;
  std::size_t (*scratch_bytes)(const Int8Problem&, const Blocking&, int threads);
  void (*run)(const Int8Problem&, const Workspace&) noexcept;
  const detail::Int8Kernels* kernels;  // null: the reference has none
};

/// Slowest first; int8_variants().front() is the reference. Rows that this CPU lacks are unsupported.
std::span<const Int8Variant> int8_variants();

/// Throws std::invalid_argument listing the names if there is none called `name`, or this CPU doesn't support it.
const Int8Variant& int8_variant(std::string_view name);

/// The fastest rung that takes activations of so many bits (7 or 8).
const Int8Variant& best_int8(int activation_bits, int threads);
/// best_int8(7, threads), for programs that want no other rung.
const Int8Variant& best_seven_bits(int threads);

/// Weights [K,N] in a rung's order, with the sum of every column (for the zero point of the activations).
class PackedInt8 {
 public:
  PackedInt8() = default;
  /// Throws: std::invalid_argument unless 0 <= K <= kInt8MaxDepth and N >= 0, std::bad_alloc.
  PackedInt8(const Int8Variant& variant, WeightView b);

  int rows() const { return rows_; }
  int columns() const { return columns_; }
  bool fits(const Int8Variant& variant) const { return has_value_ && variant.format == format_; }
  const Int8Format& format() const { return format_; }
  std::size_t bytes() const { return data_.size() + 4 * column_sums_.size(); }
  const std::byte* data() const { return data_.data(); }
  /// Σ_k b[k,n] for every column n.
  std::span<const std::int32_t> column_sums() const { return column_sums_.span(); }

 private:
  int rows_ = 0;
  int columns_ = 0;
  bool has_value_ = false;
  Int8Format format_;
  AlignedBuffer<std::byte> data_;
  AlignedBuffer<std::int32_t> column_sums_;
};

/// C[M,N] = A[M,K] · B[K,N] in 32-bit integers.
///
/// Shapes:   A's columns are adjacent (column_stride 1), C's too; B is packed for `variant`. M, N, K may be 0.
/// Throws:   std::invalid_argument naming the operand if shapes or strides are wrong or B is packed for another format;
///           std::bad_alloc. Activations above 2^activation_bits - 1 are not looked for: a seven-bit rung gives wrong
///           sums for them, and which ones depends on the ISA.
/// Numerics: exact: no rounding, no saturation, the same integers in every rung and build.
/// Cost:     2·M·N·K operations over M·K + K·N + 4·M·N bytes at least.
/// Source:   Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
///           Inference", 2018.
void multiply_int8(const Int8Variant& variant, ActivationView a, const PackedInt8& b, SumView c, Context& context);

/// What becomes of a sum: q = clamp(zero_point + round((sum - a_zero·Σ_k b + bias[n]) · scale[n]), low, high).
/// ReLU is low = zero_point. The product with the scale is float32, and so is the addition of the zero point before it
/// is rounded to the nearest integer, ties to even: the same bits everywhere.
struct Requantization {
  std::span<const float> scale;        // one for all columns, or N
  const std::int32_t* bias = nullptr;  // [N], in units of the sum, or null
  int zero_point = 0;
  int low = 0;
  int high = 127;
};

/// The value that one sum becomes, after zero point and bias of the input: the definition of the rounding.
std::uint8_t requantize(std::int32_t sum, float scale, int zero_point, int low, int high);

/// The same as multiply_int8, requantized tile by tile while the sums are in registers' reach; `a_zero` is A's zero point.
/// Throws: as multiply_int8, and unless scale has 1 or N elements and 0 <= low <= high <= 255.
void multiply_int8(const Int8Variant& variant, ActivationView a, int a_zero, const PackedInt8& b,
                   const Requantization& requantization, BasicMatrixView<std::uint8_t> c, Context& context);

/// Both of these with A[M, b.rows()] made row by row. Throws as they do.
void multiply_int8(const Int8Variant& variant, int M, const Int8RowSource& a, const PackedInt8& b, SumView c,
                   Context& context);
void multiply_int8(const Int8Variant& variant, int M, const Int8RowSource& a, int a_zero, const PackedInt8& b,
                   const Requantization& requantization, BasicMatrixView<std::uint8_t> c, Context& context);

}  // namespace optlab::gemm
