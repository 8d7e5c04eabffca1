#pragma once

#include <cstddef>
#include <cstdint>

/// What decode_weight.cpp does along rows beside products (its header says what is computed), apart since it is compiled for
/// size; private to this folder.
namespace optlab::lm::detail {

struct SevenBits {
  float scale;  // NaN if a value isn't finite, 0 if all are 0
  int zero_point;
};

/// to = round(x/scale) + zero point, `count` numbers.
SevenBits quantize_row(const float* x, int count, std::uint8_t* to) noexcept;

/// y[n] = (sums[n] - zero_point·column_sums[n]) · (scale·scales[n])
void dequantize_row(const std::int32_t* sums, const SevenBits& row, const std::int32_t* column_sums,
                    const float* scales, int count, float* y) noexcept;

/// y = y·scale, or y + product·scale if there is a product: the scales of 16 columns lie together, those of the next 16
/// `stride` further on.
void scale_row(const float* product, const float* scales, std::ptrdiff_t stride, int count, float* y) noexcept;

}  // namespace optlab::lm::detail
