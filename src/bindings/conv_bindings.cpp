#include <emscripten/bind.h>

#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/conv_options.h"
#include "bindings/guard.h"
#include "bindings/ladder.h"
#include "bindings/runtime.h"
#include "conv/conv.h"
#include "conv/packed_filter.h"
#include "core/error.h"
#include "core/tensor.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(ConvFloats)

/// "exact" and "fast" are the dispatcher's choices.
const conv::Variant& choose(const std::string& name, const conv::Geometry& geometry) {
  const int threads = runtime().pool.threads();
  if (name == "exact") return conv::best(conv::Mode::kExact, geometry, threads);
  if (name == "fast") return conv::best(conv::Mode::kFast, geometry, threads);
  return conv::variant(name);
}

ConvFloats view_of(Tensor& tensor) {
  return ConvFloats(val(emscripten::typed_memory_view(tensor.size(), tensor.values().data())));
}

/// One layer on one image, with the memory it needs.
class Convolution {
 public:
  Convolution(const conv::Geometry& g, const std::vector<float>& weights, std::vector<float> bias,
              const conv::Variant& variant)
      : geometry_(g),
        variant_(variant),
        filter_(variant, g, weights),
        bias_(std::move(bias)),
        input_(Shape{g.height, g.width, g.channels}),
        output_(Shape{g.output_height(), g.output_width(), g.outputs}) {
    if (!bias_.empty() && bias_.size() != static_cast<std::size_t>(g.outputs)) {
      throw_invalid({"Convolution: ", bias_.size(), " biases for ", g.outputs, " outputs; give one each, or none"});
    }
  }

  std::string variant() const { return std::string(variant_.name); }
  ConvFloats input() { return view_of(input_); }
  ConvFloats output() { return view_of(output_); }
  double packed_bytes() const { return static_cast<double>(filter_.bytes()); }
  void run() {
    gemm::Context context = runtime().context();
    conv::convolve(variant_, geometry_, input_.values(), filter_, output_.values(),
                   {bias_.empty() ? nullptr : bias_.data(), conv::Activation::kNone}, context);
  }

 private:
  conv::Geometry geometry_;
  const conv::Variant& variant_;
  conv::PackedFilter filter_;
  std::vector<float> bias_;
  Tensor input_, output_;
};

Convolution* make_convolution(ConvOptions options, ConvFloats weights, ConvFloats bias, ConvVariantName name) {
  const conv::Geometry geometry = geometry_of(options);
  return new Convolution(geometry, copy_from<float>(weights), copy_from<float>(bias),
                         choose(name.as<std::string>(), geometry));
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_conv) {
  using namespace emscripten;
  register_type<ConvFloats>("Float32Array");
  register_type<ConvOptions>(
      "{ height: number; width: number; channels: number; outputs: number; kernelHeight: number; kernelWidth: number; "
      "stride: number; padding: number; dilation: number; groups: number }");
  register_type<ConvVariantName>("string");

  function("convVariants", &ladder<&conv::variants>);

  // Image and output are [height, width, channels]. Their views are live and short-lived: use them at once and drop them.
  class_<Convolution>("Convolution")
      .constructor(guard<&make_convolution>, return_value_policy::take_ownership())
      .function("variant", &Convolution::variant)
      .function("packedBytes", &Convolution::packed_bytes)
      .function("input", &Convolution::input)
      .function("run", guard<&Convolution::run>)
      .function("output", &Convolution::output);
}

}  // namespace optlab::bindings
