#include <emscripten/bind.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/conv_options.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "conv/int8_conv.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(ConvActivations)
EMSCRIPTEN_DECLARE_VAL_TYPE(ConvWeights)
EMSCRIPTEN_DECLARE_VAL_TYPE(ConvSums)

/// One layer on one image in integers: 32-bit sums.
class Int8Convolution {
 public:
  Int8Convolution(const conv::Geometry& geometry, const std::vector<std::int8_t>& weights,
                  const gemm::Int8Variant& variant)
      : variant_(variant),
        filter_(variant, geometry, weights),
        input_(geometry.input_count()),
        sums_(geometry.output_count()) {}

  ConvActivations input() { return ConvActivations(val(emscripten::typed_memory_view(input_.size(), input_.data()))); }

  void run() {
    gemm::Context context = runtime().context();
    conv::convolve_int8(variant_, input_, 0, filter_, sums_, context);
  }
  ConvSums output() const { return ConvSums(copy_to("Int32Array", sums_)); }
  double packed_bytes() const { return static_cast<double>(filter_.bytes()); }

 private:
  const gemm::Int8Variant& variant_;
  conv::PackedInt8Filter filter_;
  std::vector<std::uint8_t> input_;
  std::vector<std::int32_t> sums_;
};

Int8Convolution* make_int8_convolution(ConvOptions options, ConvWeights weights, ConvVariantName variant) {
  return new Int8Convolution(geometry_of(options), copy_from<std::int8_t>(weights),
                             gemm::int8_variant(variant.as<std::string>()));
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_int8_conv) {
  using namespace emscripten;
  register_type<ConvActivations>("Uint8Array");
  register_type<ConvWeights>("Int8Array");
  register_type<ConvSums>("Int32Array");

  class_<Int8Convolution>("Int8Convolution")
      .constructor(guard<&make_int8_convolution>, return_value_policy::take_ownership())
      // Live and short-lived: use it at once and drop it. Values as the variant takes them: 0 to 127, or 255.
      .function("input", &Int8Convolution::input)
      .function("run", guard<&Int8Convolution::run>)
      .function("output", guard<&Int8Convolution::output>)
      .function("packedBytes", &Int8Convolution::packed_bytes);
}

}  // namespace optlab::bindings
