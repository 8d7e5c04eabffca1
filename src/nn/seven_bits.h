#pragma once

#include <cstdint>

/// Activations in seven bits, for products in integers (decode_weight.h says what is computed); private to this folder.
namespace optlab::nn::detail {

struct SevenBits {
  float scale;  // NaN if a value isn't finite, 0 if all are 0
  int zero_point;
};

/// to = round(x/scale) + zero point, `count` numbers.
SevenBits quantize_row(const float* x, int count, std::uint8_t* to) noexcept;

/// y[n] = (sums[n] - zero_point·column_sums[n]) · (scale·scales[n])
void dequantize_row(const std::int32_t* sums, const SevenBits& row, const std::int32_t* column_sums,
                    const float* scales, int count, float* y) noexcept;

}  // namespace optlab::nn::detail
