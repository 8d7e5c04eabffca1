#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "conv/conv.h"
#include "conv/packed_filter.h"
#include "core/rng.h"
#include "nn/layer.h"

namespace optlab::nn {

struct Conv2dOptions {
  int kernel_height = 3;
  int kernel_width = 3;
  int stride = 1;
  int padding = 0;
  int dilation = 1;
  int groups = 1;
  bool bias = true;
  gemm::Activation activation = gemm::Activation::kNone;  // fused into the convolution
};

/// y = activation(x ∗ W + b), a convolution as conv/conv.h defines it.
///
/// Shapes:   x [B,H,W,C] (NHWC), y [B,OH,OW,OC]; parameters <name>.weight [KH,KW,C/groups,OC] and <name>.bias [OC].
/// Numerics: exact with an exact variant, as conv::convolve and the gradients in conv/conv_gradient.h.
/// Cost:     forward 2·B·OH·OW·OC·K FLOPs, K = KH·KW·C/groups; backward twice that (without dx: the same).
class Conv2d : public Layer {
 public:
  /// Zero weights and bias. Throws std::invalid_argument as conv::check, naming the layer.
  Conv2d(std::string name, int channels, int outputs, const Conv2dOptions& options = {});

  std::string_view kind() const override { return "Conv2d"; }
  int channels() const { return channels_; }
  int outputs() const { return outputs_; }
  const Conv2dOptions& options() const { return options_; }
  /// The convolution of a batch of shape x. Throws std::invalid_argument if the layer doesn't take it.
  conv::Geometry geometry(const Shape& x) const;
  /// To write through: forgets what `prepare` packed.
  std::span<float> weight() {
    packed_ = {};
    return weight_.value.values();
  }
  std::span<const float> weight() const { return weight_.value.values(); }
  /// Empty without a bias.
  std::span<float> bias() { return bias_.value.values(); }
  std::span<const float> bias() const { return bias_.value.values(); }

  /// W ~ uniform(±sqrt(6/K)), b = 0, as Linear::initialize.
  void initialize(const Rng& rng);

  Shape output_shape(const Shape& x) const override;
  profile::Work work(const Shape& x) const override;
  void forward(ConstTensorView x, TensorView y, const Pass& pass) override;
  void backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) override;
  std::vector<Parameter*> parameters() override;
  void prepare(const gemm::Variant& variant) override;
  std::size_t packed_bytes() const override { return packed_.bytes(); }
  bool absorb(std::span<const float> scale, std::span<const float> shift, gemm::Activation activation) override;

 private:
  Conv2dOptions options_;
  int channels_;
  int outputs_;
  Parameter weight_;
  Parameter bias_;
  conv::PackedFilter packed_;
};

/// A convolution in which every channel has filters of its own, `multiplier` of them: groups = C, OC = multiplier·C.
/// Source: Howard et al., "MobileNets", 2017.
class DepthwiseConv2d final : public Conv2d {
 public:
  DepthwiseConv2d(std::string name, int channels, Conv2dOptions options = {}, int multiplier = 1)
      : Conv2d(std::move(name), channels, channels * multiplier, with_groups(options, channels)) {}

  std::string_view kind() const override { return "DepthwiseConv2d"; }

 private:
  static Conv2dOptions with_groups(Conv2dOptions options, int groups) {
    options.groups = groups;
    return options;
  }
};

}  // namespace optlab::nn
