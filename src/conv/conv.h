#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "gemm/gemm.h"

/// Two-dimensional convolution, float32, as a ladder of variants.
namespace optlab::conv {

using gemm::Activation;
using gemm::Context;
using gemm::Epilogue;
using gemm::Mode;
using gemm::PanelFormat;
using gemm::Workspace;

/// The extents of a convolution, in elements; stride, padding and dilation hold for both axes, padding for all four
/// sides.
struct Geometry {
  int batch = 1;
  int height = 1;    // H
  int width = 1;     // W
  int channels = 1;  // C
  int outputs = 1;   // OC, output channels
  int kernel_height = 1;
  int kernel_width = 1;
  int stride = 1;
  int padding = 0;
  int dilation = 1;
  int groups = 1;  // divides C and OC; output channels of a group see the input channels of that group only

  int output_height() const { return (height + 2 * padding - dilation * (kernel_height - 1) - 1) / stride + 1; }
  int output_width() const { return (width + 2 * padding - dilation * (kernel_width - 1) - 1) / stride + 1; }
  int pixels() const { return batch * output_height() * output_width(); }
  int group_channels() const { return channels / groups; }
  int group_outputs() const { return outputs / groups; }
  /// K, the terms of an output element.
  int depth() const { return kernel_height * kernel_width * group_channels(); }
  double flops() const { return 2.0 * pixels() * outputs * depth(); }
  std::size_t input_count() const;
  std::size_t weight_count() const;
  std::size_t output_count() const;
  bool operator==(const Geometry&) const = default;
};

/// Throws std::invalid_argument naming the extent, unless batch and padding are >= 0 and all others >= 1, the groups
/// divide the channels and outputs, the kernel fits into the padded image, and no tensor has more than 2^31-1 elements.
void check(const Geometry& geometry);

/// The operands as a kernel gets them.
struct Problem {
  Geometry geometry;
  const float* input;   // [batch, H, W, C]
  const float* filter;  // as the variant packs it
  float* output;        // [batch, OH, OW, OC]
  Epilogue epilogue;    // output = activation(output + bias[oc])
};

enum class Algorithm { kNaive, kDirect, kIm2col, kImplicit, kPointwise, kDepthwise, kWinograd };

struct Variant;

/// The order in which a variant reads the weights. Variants with one layout share a packed filter.
struct FilterLayout {
  std::size_t (*floats)(const Geometry&, const PanelFormat&);
  void (*pack)(const Geometry&, const PanelFormat&, const float* weights, float* to);
  PanelFormat panels;
  bool operator==(const FilterLayout&) const = default;
};

/// A rung of the ladder. All rungs have one signature, so that tests, benchmarks, lessons and the dispatcher iterate
/// them.
struct Variant : Row {
  Algorithm algorithm;
  FilterLayout layout;
  /// The rung of the matrix ladder that does the arithmetic; null where the variant has register tiles of its own.
  const gemm::Variant* product;
  bool (*applies)(const Geometry&);
  /// Scratch bytes that `run` needs.
  std::size_t (*scratch_bytes)(const Variant&, const Problem&, const Context&, int threads);
  void (*run)(const Variant&, const Problem&, const Workspace&) noexcept;
};

/// The reference first, then by instruction set, narrowest first, and within one slowest first. Rows whose ISA this
/// build lacks are absent; rows that this CPU lacks are unsupported; not every row applies to every geometry.
std::span<const Variant> variants();

/// The variant called `name`. Throws std::invalid_argument listing the names if there is none, or if this CPU doesn't
/// support it.
const Variant& variant(std::string_view name);

/// Throws std::invalid_argument unless `variant` applies to `geometry`.
void check_applies(const Variant& variant, const Geometry& geometry);

class PackedFilter;

/// output[n,oy,ox,oc] = activation(sum over kh, kw, c of input[n, oy·s - p + kh·d, ox·s - p + kw·d, g·C/G + c] ·
/// weights[kh,kw,c,oc] + bias[oc]), with s, p, d the stride, padding and dilation, G the groups, g = oc / (OC/G).
///
/// Shapes:   input [batch,H,W,C] (NHWC), weights [KH,KW,C/G,OC] (packed for `variant`), output [batch,OH,OW,OC], all
///           contiguous; OH = (H + 2p - d(KH-1) - 1)/s + 1, OW alike. The output must not overlap an operand.
/// Throws:   std::invalid_argument naming the operand if a size or the packing disagrees with the geometry (see check),
///           or if the variant doesn't apply to it; std::bad_alloc.
/// Numerics: exact rows: each element starts at +0 and adds the products for ascending (kh, kw, c), product and sum
///           each rounded once, then the bias, then the activation. Hence all exact rows agree bit for bit, on any ISA
///           and number of threads. Padding counts as zeros that are multiplied and added like any input: a weight that
///           is NaN or infinite makes NaN wherever its window reaches into the padding. Fast rows: |error| <=
///           2·K·eps·(|input|*|weights|), eps = 2^-24; Winograd has a bound of its own.
/// Cost:     2·batch·OH·OW·OC·K FLOPs, K = KH·KW·C/G, over 4·(input + weights + output) bytes at least. Scratch: im2col
///           4·OH·OW·batch·K bytes, the others some hundred KiB a thread.
/// Winograd: F(2×2,3×3), for 3×3 kernels of stride, dilation and groups 1: 16 instead of 36 multiplications for four
///           outputs. |error| <= (C + 12)·eps·|Aᵀ|[(|G||w||Gᵀ|) ⊙ (|Bᵀ||d||B|)]|A|. On uniform random data that is no
///           loss, as its sums are nine times shorter (28², C = 64: the error's root mean square is 2.6e-7 of the
///           output's, the reference's 4.2e-7). But inputs meet weights of other positions in products that cancel: a
///           large input under a small weight costs every digit of it, beyond the fast rows' bound, and an infinite one
///           gives NaN. Therefore the dispatcher never takes it; ask for it by name.
/// Source:   Dukhan, "The Indirect Convolution Algorithm", 2019 (implicit); Chellapilla, Puri and Simard, "High
///           Performance Convolutional Neural Networks for Document Processing", 2006 (im2col); Lavin and Gray, "Fast
///           Algorithms for Convolutional Neural Networks", 2016 (winograd).
void convolve(const Variant& variant, const Geometry& geometry, std::span<const float> input,
              const PackedFilter& filter, std::span<float> output, const Epilogue& epilogue, Context& context);

/// The dispatcher's choice: the fastest rung of `mode` that applies to this geometry, never Winograd.
const Variant& best(Mode mode, const Geometry& geometry, int threads);

/// The same for certain instructions, `isa` being as in gemm's and this ladder's rows; the reference if there is no such
/// row (WebAssembly has no other scalar one).
const Variant& best_of(std::string_view isa, Mode mode, bool threaded, const Geometry& geometry);

}  // namespace optlab::conv
