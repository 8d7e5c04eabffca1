#include <emscripten/bind.h>

#include <stdexcept>
#include <string>

#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "core/tensor.h"
#include "gemm/gemm.h"
#include "gemm/packed_matrix.h"

namespace optlab::bindings {
namespace {

/// Weights in the order in which one rung reads them.
struct PackedB {
  const gemm::Variant& variant;
  gemm::PackedMatrix matrix;
};

PackedB* make_packed(const Tensor& b, std::string name) {
  const gemm::Variant& variant = gemm::variant(name);
  return new PackedB{variant, gemm::PackedMatrix(variant, b.matrix())};
}
double packed_bytes(const PackedB& b) { return static_cast<double>(b.matrix.bytes()); }

/// C = A·B by the rung that `b` was packed for.
void gemm_multiply_packed(const Tensor& a, const PackedB& b, Tensor& c) {
  if (&c == &a) throw std::invalid_argument("gemmMultiplyPacked: C is the same tensor as A; it needs one of its own");
  gemm::Context context = runtime().context();
  gemm::multiply(b.variant, a.matrix(), b.matrix, c.matrix(), {}, context);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_product) {
  using namespace emscripten;
  class_<PackedB>("PackedMatrix")
      .constructor(guard<&make_packed>, return_value_policy::take_ownership())
      .function("bytes", &packed_bytes);
  function("gemmMultiplyPacked", guard<&gemm_multiply_packed>);
}

}  // namespace optlab::bindings
