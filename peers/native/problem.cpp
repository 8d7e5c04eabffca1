#include "problem.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "operands.h"
#include "training_problem.h"

namespace optlab::peers {
namespace {

/// random.ts's maskBlocks.
void mask_blocks(const Values<float>& values, double sparsity, std::uint32_t seed) {
  Random next(seed);
  for (float* block = values.begin(); block < values.end(); block += 4) {
    if (next() / 16777216.0 < sparsity) std::fill_n(block, 4, 0.0F);
  }
}

/// A value that no result has: one that isn't computed is found out.
template <class T>
T unset() {
  return std::is_floating_point_v<T> ? std::numeric_limits<T>::quiet_NaN() : std::numeric_limits<T>::min();
}

/// Compares rows of a result with sums in double; add(i, sum, magnitude) adds row i's products and their absolute values to vectors of
/// zeros. Allowed is 2·K·ε·magnitude, or less than one for integers (peers/families/compare.ts says why).
template <class T, class Add>
double compare(const T* result, int rows, int columns, int depth, const Add& add) {
  std::vector<double> sum(columns), magnitude(columns);
  double worst = 0;
  for (int i = 0; i < rows; ++i) {
    std::fill(sum.begin(), sum.end(), 0.0);
    std::fill(magnitude.begin(), magnitude.end(), 0.0);
    add(i, sum, magnitude);
    for (int j = 0; j < columns; ++j) {
      const double error = std::abs(result[static_cast<std::size_t>(i) * columns + j] - sum[j]);
      if (error == 0) continue;
      const double allowed = std::is_integral_v<T> ? 0.5 : 2.0 * depth * 0x1p-24 * magnitude[j];
      if (!std::isfinite(error / allowed)) return 1e9;
      worst = std::max(worst, error / allowed);
    }
  }
  return worst;
}

std::size_t area(int rows, int columns) { return static_cast<std::size_t>(rows) * columns; }

template <class Activation, class Weight, class Sum>
class ProductProblem : public Problem {
 public:
  ProductProblem(int m, int k, int n)
      : m_(m), k_(k), n_(n), a_(random<Activation>(area(m, k), 1)), b_(random<Weight>(area(k, n), 2)), c_(area(m, n)) {
    std::fill(c_.begin(), c_.end(), unset<Sum>());
  }

  std::unique_ptr<Prepared> prepare(Library& library, const std::string& row) const override {
    if constexpr (std::is_same_v<Sum, float>) {
      return library.product(problem(), row);
    } else {
      return library.int8_product(problem(), row);
    }
  }

  double worst_error() const override {
    return compare(c_.get(), m_, n_, k_, [this](int i, auto& sum, auto& magnitude) {
      for (int p = 0; p < k_; ++p) {
        const double x = a_.get()[area(i, k_) + p];
        const Weight* b = b_.get() + area(p, n_);
        for (int j = 0; j < n_; ++j) {
          sum[j] += x * b[j];
          magnitude[j] += std::abs(x * b[j]);
        }
      }
    });
  }

 protected:
  BasicProduct<Activation, Weight, Sum> problem() const { return {m_, k_, n_, a_.get(), b_.get(), c_.get()}; }
  const Values<Weight>& weights() const { return b_; }

 private:
  int m_, k_, n_;
  Values<Activation> a_;
  Values<Weight> b_;
  Values<Sum> c_;
};

class SparseProblem : public ProductProblem<float, float, float> {
 public:
  SparseProblem(int m, int k, int n, double sparsity) : ProductProblem(m, k, n) { mask_blocks(weights(), sparsity, 4); }
  std::unique_ptr<Prepared> prepare(Library& library, const std::string& row) const override {
    return library.sparse_product(problem(), row);
  }
};

struct Geometry {
  int channels, height, width, outputs, kernel, padding;
  int depth() const { return kernel * kernel * channels; }
  int pixels() const { return height * width; }
};

template <class Activation, class Weight, class Sum>
class ConvolutionProblem : public Problem {
 public:
  explicit ConvolutionProblem(const Geometry& geometry)
      : g_(geometry),
        x_(random<Activation>(area(g_.pixels(), g_.channels), 1)),
        weights_(random<Weight>(area(g_.depth(), g_.outputs), 2)),
        bias_(g_.outputs),
        y_(area(g_.pixels(), g_.outputs)) {
    Random next(3);
    for (Sum& value : bias_) value = std::is_same_v<Sum, float> ? static_cast<Sum>(uniform(next())) : 0;
    std::fill(y_.begin(), y_.end(), unset<Sum>());
  }

  std::unique_ptr<Prepared> prepare(Library& library, const std::string& row) const override {
    const BasicConvolution<Activation, Weight, Sum> problem{g_.channels, g_.height,  g_.width, g_.outputs,
                                                            g_.kernel,   g_.padding, x_.get(), weights_.get(),
                                                            bias_.get(), y_.get()};
    if constexpr (std::is_same_v<Sum, float>) {
      return library.convolution(problem, row);
    } else {
      return library.int8_convolution(problem, row);
    }
  }

  double worst_error() const override {
    return compare(y_.get(), g_.pixels(), g_.outputs, g_.depth() + 1,
                   [this](int pixel, auto& sum, auto& magnitude) { add_pixel(pixel, sum, magnitude); });
  }

 private:
  template <class Sums>
  void add_pixel(int pixel, Sums& sum, Sums& magnitude) const {
    const auto add = [&](int o, double product) {
      sum[o] += product;
      magnitude[o] += std::abs(product);
    };
    for (int o = 0; o < g_.outputs; ++o) add(o, bias_.get()[o]);
    for (int r = 0; r < g_.kernel; ++r) {
      for (int s = 0; s < g_.kernel; ++s) {
        const int h = pixel / g_.width + r - g_.padding, w = pixel % g_.width + s - g_.padding;
        if (h < 0 || h >= g_.height || w < 0 || w >= g_.width) continue;
        for (int c = 0; c < g_.channels; ++c) {
          const double x = x_.get()[area(h * g_.width + w, g_.channels) + c];
          const Weight* weight = weights_.get() + area((r * g_.kernel + s) * g_.channels + c, g_.outputs);
          for (int o = 0; o < g_.outputs; ++o) add(o, x * weight[o]);
        }
      }
    }
  }

  Geometry g_;
  Values<Activation> x_;
  Values<Weight> weights_;
  Values<Sum> bias_, y_;
};

/// As families/attention.ts defines and checks it.
class AttentionProblem : public Problem {
 public:
  AttentionProblem(int queries, int keys, int heads, int key_heads, int size, bool causal)
      : q_(random<float>(area(queries * heads, size), 1)),
        k_(random<float>(area(keys * key_heads, size), 2)),
        v_(random<float>(area(keys * key_heads, size), 3)),
        out_(area(queries * heads, size)),
        p_{queries, keys, heads, key_heads, size, causal, q_.get(), k_.get(), v_.get(), out_.get()} {
    for (float& value : q_) value *= 2.0F;
    for (float& value : k_) value *= 2.0F;
    std::fill(out_.begin(), out_.end(), unset<float>());
  }

  std::unique_ptr<Prepared> prepare(Library& library, const std::string& row) const override {
    return library.attention(p_, row);
  }

  double worst_error() const override {
    double worst = 0;
    for (int row = 0; row < p_.queries * p_.heads; ++row) worst = std::max(worst, row_error(row));
    return worst;
  }

 private:
  /// Of row t·H + h of the result.
  double row_error(int row) const {
    const int D = p_.size, g = row % p_.heads / (p_.heads / p_.key_heads);
    const int count = p_.causal ? p_.keys - p_.queries + row / p_.heads + 1 : p_.keys;
    const auto at = [&](int s) { return area(s * p_.key_heads + g, D); };
    std::vector<double> scores, sum(D), magnitude(D);
    double sigma = 0, total = 0;
    for (int s = 0; s < count; ++s) {
      double score = 0, absolute = 0;
      for (int d = 0; d < D; ++d) {
        const double product = static_cast<double>(p_.q[area(row, D) + d]) * p_.k[at(s) + d];
        score += product;
        absolute += std::abs(product);
      }
      scores.push_back(score / std::sqrt(D));
      sigma = std::max(sigma, absolute / std::sqrt(D));
    }
    const double largest = *std::max_element(scores.begin(), scores.end());
    for (int s = 0; s < count; ++s) {
      const double weight = std::exp(scores[s] - largest);
      total += weight;
      for (int d = 0; d < D; ++d) {
        sum[d] += weight * p_.v[at(s) + d];
        magnitude[d] += std::abs(weight * p_.v[at(s) + d]);
      }
    }
    const double bound = 2 * 0x1p-24 * (4.0 * (D + 2) * sigma + 5.0 * count + 32);
    double worst = 0;
    for (int d = 0; d < D; ++d) {
      const double error = std::abs(p_.out[area(row, D) + d] - sum[d] / total);
      if (!std::isfinite(error)) return 1e9;
      worst = std::max(worst, error / (bound * magnitude[d] / total));
    }
    return worst;
  }

  Values<float> q_, k_, v_, out_;
  Attention p_;
};

/// As families/rows.ts defines and checks it.
class RowProblem : public Problem {
 public:
  RowProblem(const std::string& operation, int rows, int columns)
      : x_(random<float>(area(rows, columns), 1)),
        weight_(random<float>(columns, 2)),
        bias_(random<float>(columns, 3)),
        y_(area(rows, columns)),
        p_{operation, rows, columns, x_.get(), weight_.get(), bias_.get(), y_.get()} {
    for (float& value : x_) value *= 4.0F;
    std::fill(y_.begin(), y_.end(), unset<float>());
  }

  std::unique_ptr<Prepared> prepare(Library& library, const std::string& row) const override {
    return library.row_operation(p_, row);
  }

  double worst_error() const override {
    double worst = 0;
    for (int m = 0; m < p_.rows; ++m) {
      const float* y = p_.y + area(m, p_.columns);
      const Statistics s = statistics(p_.x + area(m, p_.columns));
      for (int n = 0; n < p_.columns; ++n) {
        const auto [value, allowed] = expected(p_.x[area(m, p_.columns) + n], n, s);
        const double error = std::abs(y[n] - value);
        if (!std::isfinite(error)) return 1e9;
        if (error > 0) worst = std::max(worst, error / allowed);
      }
    }
    return worst;
  }

 private:
  struct Statistics {
    double largest, powers, mean, absolute, squares, variance;
  };

  Statistics statistics(const float* x) const {
    Statistics s{-1e300, 0, 0, 0, 0, 0};
    const int N = p_.columns;
    for (int n = 0; n < N; ++n) {
      s.largest = std::max<double>(s.largest, x[n]);
      s.mean += x[n] / static_cast<double>(N);
      s.absolute += std::abs(x[n]) / static_cast<double>(N);
      s.squares += static_cast<double>(x[n]) * x[n] / N;
    }
    for (int n = 0; n < N; ++n) {
      s.powers += std::exp(x[n] - s.largest);
      s.variance += (x[n] - s.mean) * (x[n] - s.mean) / N;
    }
    return s;
  }

  /// y and the error that is allowed.
  std::pair<double, double> expected(double x, int n, const Statistics& s) const {
    const double epsilon = 0x1p-24, N = p_.columns;
    if (p_.operation == "softmax") {
      const double y = std::exp(x - s.largest) / s.powers;
      return {y, epsilon * (N + 64) * y};
    }
    if (p_.operation == "gelu") {
      const double u = std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
      return {x / 2 * (1 + std::tanh(u)), 64 * epsilon * std::abs(x)};
    }
    const double w = p_.weight[n], b = p_.bias[n];
    if (p_.operation == "rms_norm") {
      const double y = x / std::sqrt(s.squares + kNormEpsilon) * w;
      return {y, epsilon * (N + 16) * std::abs(y)};
    }
    const double scale = 1 / std::sqrt(s.variance + kNormEpsilon);
    return {(x - s.mean) * scale * w + b,
            epsilon * (N + 16) * ((std::abs(x) + s.absolute) * scale * std::abs(w) + std::abs(b))};
  }

  Values<float> x_, weight_, bias_, y_;
  RowOperation p_;
};

}  // namespace

std::unique_ptr<Problem> read_problem(std::istream& request) {
  std::string family;
  request >> family;
  const auto number = [&request](auto value) {
    request >> value;
    if (!request || !(value >= 0)) throw std::invalid_argument("prepare: a number is missing");
    return value;
  };
  if (family.starts_with("conv")) {
    Geometry g{number(0), number(0), number(0), number(0), number(0), number(0)};
    if (family == "conv-f32") return std::make_unique<ConvolutionProblem<float, float, float>>(g);
    return std::make_unique<ConvolutionProblem<std::uint8_t, std::int8_t, std::int32_t>>(g);
  }
  if (family == "attention") {
    const int queries = number(0), keys = number(0), heads = number(0), key_heads = number(0), size = number(0);
    if (queries == 0 || keys < queries || key_heads == 0 || heads % key_heads != 0) {
      throw std::invalid_argument("prepare: queries, keys, heads, key heads and D are wanted");
    }
    return std::make_unique<AttentionProblem>(queries, keys, heads, key_heads, size, number(0) != 0);
  }
  if (family == "rows") {
    std::string operation;
    request >> operation;
    const int rows = number(0), columns = number(0);
    return std::make_unique<RowProblem>(operation, rows, columns);
  }
  if (family == "training") return read_training(request);
  const int m = number(0), k = number(0), n = number(0);
  if (m == 0 || k == 0 || n == 0) throw std::invalid_argument("prepare: three sizes are wanted");
  if (family == "gemm-f32") return std::make_unique<ProductProblem<float, float, float>>(m, k, n);
  if (family == "gemm-int8") return std::make_unique<ProductProblem<std::uint8_t, std::int8_t, std::int32_t>>(m, k, n);
  if (family == "sparse") return std::make_unique<SparseProblem>(m, k, n, number(0.0));
  throw std::invalid_argument("unknown family: " + family);
}

}  // namespace optlab::peers
