// OptLab's own library. Rows name rungs of its ladder.
#include "gemm/gemm.h"
#include "harness.h"
#include "simd/isa.h"

namespace {

class Ours : public optlab::peers::Library {
 public:
  std::string details() const override { return "OptLab, " + optlab::simd::isa_name(); }

  std::unique_ptr<optlab::peers::Prepared> prepare(const optlab::peers::Product& p, const std::string& row) override {
    const optlab::gemm::Variant& rung = optlab::gemm::variant(row);
    const optlab::gemm::Problem problem{{p.a, p.m, p.k, p.k}, {p.b, p.k, p.n, p.n}, {p.c, p.m, p.n, p.n}, {}};
    return optlab::peers::prepared([this, &rung, problem] { optlab::gemm::multiply(rung, problem, context_); });
  }

 private:
  optlab::parallel::ThreadPool pool_{1};
  optlab::Arena scratch_;
  optlab::gemm::Context context_{pool_, scratch_};
};

}  // namespace

int main() {
  Ours library;
  return optlab::peers::serve(library);
}
