// OptLab's own library. Rows: "fast" and "exact", the best rung of that mode, and "fast_prepacked", its B packed beforehand; of integers
// "fast", B packed beforehand. The instruction set: environment variable OPTLAB_ISA.
#include <stdexcept>
#include <string_view>

#include "gemm/gemm.h"
#include "gemm/int8_gemm.h"
#include "gemm/packed_matrix.h"
#include "harness.h"
#include "simd/isa.h"

namespace {

class Ours : public optlab::peers::Library {
 public:
  std::string details() const override { return "OptLab, " + optlab::simd::isa_name(); }

  std::unique_ptr<optlab::peers::Prepared> product(const optlab::peers::Product& p, const std::string& row) override {
    using namespace optlab::gemm;
    const bool prepacked = row.ends_with(kPrepacked);
    const std::string mode = prepacked ? row.substr(0, row.size() - kPrepacked.size()) : row;
    if (mode != "fast" && mode != "exact") throw std::invalid_argument("no row '" + row + "'");
    const Variant& rung = best(mode == "fast" ? Mode::kFast : Mode::kExact, p.m, p.n, p.k, pool_.threads());
    const Problem problem{{p.a, p.m, p.k, p.k}, {p.b, p.k, p.n, p.n}, {p.c, p.m, p.n, p.n}};
    if (!prepacked) return optlab::peers::prepared([this, &rung, problem] { multiply(rung, problem, context_); });
    return optlab::peers::prepared([this, &rung, problem, b = PackedMatrix(rung, problem.b)] {
      multiply(rung, problem.a, b, problem.c, {}, context_);
    });
  }

  std::unique_ptr<optlab::peers::Prepared> int8_product(const optlab::peers::Int8Product& p,
                                                        const std::string&) override {
    using namespace optlab::gemm;
    const Int8Variant& rung = best_int8(7, pool_.threads());
    const ActivationView a{p.a, p.m, p.k, p.k, 1};
    const SumView c{p.c, p.m, p.n, p.n, 1};
    return optlab::peers::prepared(
        [this, &rung, a, c, b = PackedInt8(rung, {p.b, p.k, p.n, p.n, 1})] { multiply_int8(rung, a, b, c, context_); });
  }

  std::unique_ptr<optlab::peers::Prepared> sparse_product(const optlab::peers::Product&, const std::string&) override {
    throw missing("sparse products");
  }

 private:
  static constexpr std::string_view kPrepacked = "_prepacked";
  optlab::parallel::ThreadPool pool_{1};
  optlab::Arena scratch_;
  optlab::gemm::Context context_{pool_, scratch_};
};

}  // namespace

int main() {
  Ours library;
  return optlab::peers::serve(library);
}
