// Eigen: maps of row-major matrices, and of a row vector where M is 1. The instruction set is the compiler's.
#include <Eigen/Core>

#include "harness.h"

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Input = Eigen::Map<const Matrix, Eigen::Aligned64>;
using Output = Eigen::Map<Matrix, Eigen::Aligned64>;
using InputRow = Eigen::Map<const Eigen::RowVectorXf, Eigen::Aligned64>;
using OutputRow = Eigen::Map<Eigen::RowVectorXf, Eigen::Aligned64>;

class EigenLibrary : public optlab::peers::Library {
 public:
  std::string details() const override {
    return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
           std::to_string(EIGEN_MINOR_VERSION) + ", compiled with " EIGEN_FLAGS;
  }

  std::unique_ptr<optlab::peers::Prepared> product(const optlab::peers::Product& p, const std::string&) override {
    if (p.m == 1) {
      return optlab::peers::prepared(
          [p] { OutputRow(p.c, p.n).noalias() = InputRow(p.a, p.k) * Input(p.b, p.k, p.n); });
    }
    return optlab::peers::prepared(
        [p] { Output(p.c, p.m, p.n).noalias() = Input(p.a, p.m, p.k) * Input(p.b, p.k, p.n); });
  }
};

}  // namespace

int main() {
  EigenLibrary library;
  return optlab::peers::serve(library);
}
