#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "conv/conv.h"
#include "gemm/int8_gemm.h"

/// Convolutions in integers whose groups are single channels: as products of matrices their panels would hold a column
/// each. Private to this folder.
namespace optlab::conv::detail {

/// Weights by tap, widened to the 16 bits in which they are multiplied: [OC/C, KH·KW, C].
struct DepthwiseInt8Weights {
  std::vector<std::int16_t> taps;
  std::vector<std::int32_t> sums;  // of every output channel's weights
};

DepthwiseInt8Weights pack_depthwise_int8(const Geometry& geometry, std::span<const std::int8_t> weights);

/// Where the result goes: 32-bit sums, or, with a requantization, bytes.
struct DepthwiseInt8Result {
  std::int32_t* sums;
  const gemm::Requantization* requantization;
  std::uint8_t* bytes;
};

void run_depthwise_int8(const gemm::Int8Variant& variant, const Geometry& geometry, const std::uint8_t* input,
                        int zero_point, const DepthwiseInt8Weights& weights, const DepthwiseInt8Result& result,
                        Context& context);

}  // namespace optlab::conv::detail
