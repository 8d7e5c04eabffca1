// Eigen: maps of row-major matrices, and of a row vector where M is 1. The instruction set is the compiler's.
#include <Eigen/Core>
#include <cmath>

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

  /// Head by head, in place: a head's rows are H·D floats apart. A causal query's hidden keys are left out of its softmax and are 0
  /// in the product.
  std::unique_ptr<optlab::peers::Prepared> attention(const optlab::peers::Attention& p, const std::string&) override {
    using Strided = Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>;
    using StridedOutput = Eigen::Map<Matrix, 0, Eigen::OuterStride<>>;
    return optlab::peers::prepared([p, scores = Matrix(p.queries, p.keys)]() mutable {
      const float scale = 1.0F / std::sqrt(static_cast<float>(p.size));
      const Eigen::OuterStride<> apart(p.heads * p.size), keys_apart(p.key_heads * p.size);
      for (int h = 0; h < p.heads; ++h) {
        const int g = h / (p.heads / p.key_heads);
        const Strided q(p.q + h * p.size, p.queries, p.size, apart);
        const Strided k(p.k + g * p.size, p.keys, p.size, keys_apart);
        const Strided v(p.v + g * p.size, p.keys, p.size, keys_apart);
        scores.noalias() = (scale * q) * k.transpose();
        for (int t = 0; t < p.queries; ++t) {
          const int seen = p.causal ? p.keys - p.queries + t + 1 : p.keys;
          auto row = scores.row(t).head(seen).array();
          row = (row - row.maxCoeff()).exp();
          row /= row.sum();
          scores.row(t).tail(p.keys - seen).setZero();
        }
        StridedOutput(p.out + h * p.size, p.queries, p.size, apart).noalias() = scores * v;
      }
    });
  }
};

}  // namespace

int main() {
  EigenLibrary library;
  return optlab::peers::serve(library);
}
