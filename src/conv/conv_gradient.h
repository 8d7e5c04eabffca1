#pragma once

#include <span>
#include <string_view>

#include "conv/conv.h"

/// The derivatives of a convolution, for training.
namespace optlab::conv {

namespace detail {
struct Kernels;
}

/// A rung: what computes the gradients, by which instructions.
struct GradientVariant : Row {
  const detail::Kernels* kernels;  // null: plain loops
};

/// The reference first, then by instruction set, narrowest first.
std::span<const GradientVariant> gradient_variants();

/// The dispatcher's choice, and the same for certain instructions; as `best` and `best_of`.
const GradientVariant& best_gradient(Mode mode, int threads);
const GradientVariant& best_gradient_of(std::string_view isa, Mode mode, bool threaded);

/// ∂L/∂weights[kh,kw,c,oc] = Σ over pixels (n, oy, ox) of input[n, oy·s - p + kh·d, ox·s - p + kw·d, g·C/G + c] · dy[n,oy,ox,oc]
///
/// Shapes:   input [batch,H,W,C], dy = ∂L/∂output [batch,OH,OW,OC], gradient [KH,KW,C/G,OC], as of `convolve`; batch may be
///           0, which gives zeros.
/// Throws:   std::invalid_argument naming the operand whose size disagrees with the geometry (see check); std::bad_alloc.
/// Numerics: exact rows: each element starts at +0 and adds the products for ascending (n, oy, ox), padding as zeros. The
///           threads divide the elements, never the sum. Fast rows fuse: |error| <= 2·P·eps·(|input|·|dy|), P the pixels.
/// Cost:     2·P·OC·K FLOPs, as the convolution. The windows are read through pointers where they lie; nothing is copied
///           out but those at the image's edge.
/// Source:   the indirect convolution's pointers (Dukhan, 2019), turned round.
void weight_gradient(const GradientVariant& variant, const Geometry& geometry, std::span<const float> input,
                     std::span<const float> dy, std::span<float> gradient, Context& context);

/// ∂L/∂input[n,y,x,c] = Σ over (kh, kw, oc) of dy[n,oy,ox,oc] · weights[kh,kw,c,oc], where oy·s - p + kh·d = y, ox alike.
///
/// With stride 1 (and a square kernel, padding at most d(K-1)) that is a convolution of dy with the kernel turned by 180°,
/// inputs and outputs exchanged, and done as one; else a product dy·weightsᵀ per block of images, of which each input
/// element gathers its terms.
///
/// Shapes, throws: as weight_gradient; weights [KH,KW,C/G,OC], dx [batch,H,W,C].
/// Numerics: exact rows agree bit for bit on any ISA and number of threads. Fast rows: |error| <= 2·K'·eps·(|dy|·|weights|),
///           K' = KH·KW·OC/G.
/// Cost:     2·batch·H·W·C·K' FLOPs with stride 1, else 2·P·OC·K and up to 8 MiB of scratch.
void input_gradient(const GradientVariant& variant, const Geometry& geometry, std::span<const float> weights,
                    std::span<const float> dy, std::span<float> dx, Context& context);

}  // namespace optlab::conv
