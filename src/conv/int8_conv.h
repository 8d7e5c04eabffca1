#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "conv/conv.h"
#include "conv/int8_depthwise.h"
#include "gemm/int8_gemm.h"

/// Two-dimensional convolution in integers: unsigned activations, signed 8-bit weights, 32-bit sums.
namespace optlab::conv {

/// Weights [KH,KW,C/G,OC] in the order of a rung of the integer ladder, a matrix for each group.
class PackedInt8Filter {
 public:
  /// Throws: std::invalid_argument for a wrong geometry or number of weights, std::bad_alloc.
  PackedInt8Filter(const gemm::Int8Variant& variant, const Geometry& geometry, std::span<const std::int8_t> weights);

  const Geometry& geometry() const { return geometry_; }
  const gemm::PackedInt8& group(int g) const { return groups_[static_cast<std::size_t>(g)]; }
  /// For groups of one channel, which rungs but the reference multiply without a matrix; else null.
  const detail::DepthwiseInt8Weights* depthwise() const { return depthwise_ ? &*depthwise_ : nullptr; }
  bool fits(const gemm::Int8Variant& variant) const {
    return depthwise_ ? variant.kernels != nullptr : groups_.front().fits(variant);
  }
  std::size_t bytes() const;

 private:
  Geometry geometry_;
  std::vector<gemm::PackedInt8> groups_;
  std::optional<detail::DepthwiseInt8Weights> depthwise_;
};

/// sums[n,oy,ox,oc] = sum over kh, kw, c of input[n, oy·s - p + kh·d, ox·s - p + kw·d, g·C/G + c] · weights[kh,kw,c,oc];
/// where the window reaches into the padding, the input is `zero_point`, which is what stands for zero.
///
/// Any rung of gemm::int8_variants() does the arithmetic: the convolution is the product of a matrix whose rows are the
/// windows, and 48 of them at a time are gathered, so that the matrix never exists (implicit GEMM). Where a group is one
/// channel (depthwise), the rungs but the reference multiply channel by channel instead.
///
/// Shapes:   input [batch,H,W,C], sums [batch,OH,OW,OC], contiguous.
/// Throws:   std::invalid_argument naming the operand if a size or the packing disagrees with the geometry, or zero_point
///           is no activation of the variant; std::bad_alloc.
/// Numerics: exact, the same integers in every rung and build.
/// Cost:     2·batch·OH·OW·OC·K operations, K = KH·KW·C/G.
/// Source:   Chetlur et al., "cuDNN: Efficient Primitives for Deep Learning", 2014 (implicit GEMM).
void convolve_int8(const gemm::Int8Variant& variant, std::span<const std::uint8_t> input, int zero_point,
                   const PackedInt8Filter& filter, std::span<std::int32_t> sums, Context& context);

/// The same, requantized (gemm::Requantization: scale of 1 or OC elements, bias of OC) while the sums are near; A's zero
/// point is subtracted there.
void convolve_int8(const gemm::Int8Variant& variant, std::span<const std::uint8_t> input, int zero_point,
                   const PackedInt8Filter& filter, const gemm::Requantization& requantization,
                   std::span<std::uint8_t> output, Context& context);

}  // namespace optlab::conv
