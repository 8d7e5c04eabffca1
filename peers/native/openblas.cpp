// OpenBLAS: sgemm, and sgemv for a vector. The instruction set: environment variable OPENBLAS_CORETYPE.
#include <cblas.h>

#include "harness.h"

namespace {

class OpenBlas : public optlab::peers::Library {
 public:
  std::string details() const override {
    return std::string(openblas_get_config()) + ", kernels for " + openblas_get_corename();
  }

  std::unique_ptr<optlab::peers::Prepared> product(const optlab::peers::Product& p, const std::string& row) override {
    if (row == "sgemv") {
      return optlab::peers::prepared(
          [p] { cblas_sgemv(CblasRowMajor, CblasTrans, p.k, p.n, 1.0f, p.b, p.n, p.a, 1, 0.0f, p.c, 1); });
    }
    return optlab::peers::prepared([p] {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, p.m, p.n, p.k, 1.0f, p.a, p.k, p.b, p.n, 0.0f, p.c, p.n);
    });
  }
};

}  // namespace

int main() {
  openblas_set_num_threads(1);
  OpenBlas library;
  return optlab::peers::serve(library);
}
