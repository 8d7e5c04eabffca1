#include <emscripten/bind.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "bindings/whole.h"
#include "core/error.h"
#include "gemm/int8_gemm.h"

namespace optlab::bindings {
namespace {

EMSCRIPTEN_DECLARE_VAL_TYPE(Activations)
EMSCRIPTEN_DECLARE_VAL_TYPE(Weights)
EMSCRIPTEN_DECLARE_VAL_TYPE(Sums)

/// The dispatcher's choice for activations of so many bits on the shared runtime's threads.
std::string best_int8(double activation_bits) {
  return std::string(gemm::best_int8(whole("activation bits", activation_bits), runtime().pool.threads()).name);
}

void check_size(const char* what, std::size_t size, int rows, int columns) {
  if (rows >= 0 && columns >= 0 && size == static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns)) return;
  throw_invalid({"Int8Product: ", what, " has ", size, " elements; want ", format_shape({rows, columns})});
}

/// C = A·B in integers, weights packed once: activations of 7 or 8 bits, signed 8-bit weights, 32-bit sums.
class Int8Product {
 public:
  Int8Product(int m, int k, int n, std::vector<std::uint8_t> a, const std::vector<std::int8_t>& b,
              const std::string& variant)
      : variant_(gemm::int8_variant(variant)), m_(m), k_(k), n_(n), a_(std::move(a)) {
    check_size("A", a_.size(), m, k);
    check_size("B", b.size(), k, n);
    for (const std::uint8_t value : a_) {
      if (value >> variant_.activation_bits == 0) continue;
      throw_invalid({"Int8Product: an activation is ", value, "; ", variant_.name, " takes 0 to ",
                     (1 << variant_.activation_bits) - 1});
    }
    b_ = gemm::PackedInt8(variant_, {b.data(), k, n, n, 1});
    c_.resize(static_cast<std::size_t>(m) * n);
  }

  void run() {
    gemm::Context context = runtime().context();
    gemm::multiply_int8(variant_, {a_.data(), m_, k_, k_, 1}, b_, {c_.data(), m_, n_, n_, 1}, context);
  }
  Sums output() const { return Sums(copy_to("Int32Array", c_)); }
  double packed_bytes() const { return static_cast<double>(b_.bytes()); }

 private:
  const gemm::Int8Variant& variant_;
  int m_, k_, n_;
  std::vector<std::uint8_t> a_;
  gemm::PackedInt8 b_;
  std::vector<std::int32_t> c_;
};

Int8Product* make_product(double m, double k, double n, Activations a, Weights b, std::string variant) {
  return new Int8Product(whole("M", m), whole("K", k), whole("N", n), copy_from<std::uint8_t>(a),
                         copy_from<std::int8_t>(b), variant);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_int8) {
  using namespace emscripten;
  register_type<Activations>("Uint8Array");
  register_type<Weights>("Int8Array");
  register_type<Sums>("Int32Array");

  function("bestInt8", guard<&best_int8>);

  class_<Int8Product>("Int8Product")
      .constructor(guard<&make_product>, return_value_policy::take_ownership())
      .function("run", guard<&Int8Product::run>)
      .function("output", guard<&Int8Product::output>)
      .function("packedBytes", &Int8Product::packed_bytes);
}

}  // namespace optlab::bindings
