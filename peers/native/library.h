#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// What a native peer is to the harness: a library that makes problems ready to run. All operands are row-major and 64-byte aligned.
namespace optlab::peers {

/// C[M,N] = A[M,K]·B[K,N].
template <class Activation, class Weight, class Sum>
struct BasicProduct {
  int m, k, n;
  const Activation* a;
  const Weight* b;
  Sum* c;
};
using Product = BasicProduct<float, float, float>;
/// Activations 0 … 127.
using Int8Product = BasicProduct<std::uint8_t, std::int8_t, std::int32_t>;

/// y[H,W,O] = x[H,W,C] ∗ weights[KH,KW,C,O] + bias[O], a square kernel, stride 1, height and width kept by the padding.
template <class Activation, class Weight, class Sum>
struct BasicConvolution {
  int channels, height, width, outputs, kernel, padding;
  const Activation* x;
  const Weight* weights;
  const Sum* bias;  // zero where the weights are integers
  Sum* y;
};
using Convolution = BasicConvolution<float, float, float>;
using Int8Convolution = BasicConvolution<std::uint8_t, std::int8_t, std::int32_t>;

/// O[T,H,D] = softmax(Q·Kᵀ/√D)·V, Q [T,H,D], K and V [S,G,D]; with fewer queries than keys these are the last ones, and K and V
/// constants.
struct Attention {
  int queries, keys, heads, key_heads, size;
  bool causal;
  const float *q, *k, *v;
  float* out;
};

/// y[M,N] = operation(x[M,N]): softmax, rms_norm, layer_norm or gelu (by tanh).
struct RowOperation {
  std::string operation;
  int rows, columns;
  const float *x, *weight, *bias;
  float* y;
};
inline constexpr float kNormEpsilon = 1e-5F;

/// A training of the MLP or CNN of families/training.ts; `images` has batch·784 pixels.
struct Training {
  struct Weight {
    std::string name;
    std::vector<std::int64_t> shape;  // the last axis is the outputs'
    const float* values;
  };
  bool convolutional;
  int batch, steps;  // a restart after so many steps
  float learning_rate;
  const std::uint8_t *images, *labels;
  std::vector<Weight> weights;  // in the order of the layers
};

/// A training that is under way.
class Trainee {
 public:
  virtual ~Trainee() = default;
  /// Returns the batch's loss before the step.
  virtual double step() = 0;
  /// Back to the initial weights.
  virtual void restart() = 0;
};

/// A problem that is ready to run, repeatedly; constants may be packed.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual void run() = 0;
  /// Brings the result to where the problem wants it, if run() leaves it elsewhere. Not timed.
  virtual void fetch() {}
};

class Library {
 public:
  virtual ~Library() = default;
  /// One line: version, instruction set.
  virtual std::string details() const = 0;
  /// `row` tells apart what one library can do in several ways.
  virtual std::unique_ptr<Prepared> product(const Product& problem, const std::string& row) = 0;
  virtual std::unique_ptr<Prepared> sparse_product(const Product& problem, const std::string& row) {
    return product(problem, row);
  }
  virtual std::unique_ptr<Prepared> int8_product(const Int8Product&, const std::string&) {
    throw missing("int8 products");
  }
  virtual std::unique_ptr<Prepared> convolution(const Convolution&, const std::string&) {
    throw missing("convolutions");
  }
  virtual std::unique_ptr<Prepared> int8_convolution(const Int8Convolution&, const std::string&) {
    throw missing("int8 convolutions");
  }

  virtual std::unique_ptr<Prepared> attention(const Attention&, const std::string&) { throw missing("attention"); }
  virtual std::unique_ptr<Prepared> row_operation(const RowOperation& problem, const std::string&) {
    throw missing(problem.operation);
  }
  /// `problem` stays where it is.
  virtual std::unique_ptr<Trainee> training(const Training&, const std::string&) { throw missing("training"); }
  /// This device's limits, as JSON.
  virtual std::string probe(double) { throw missing("probe"); }

 protected:
  static std::runtime_error missing(const std::string& what) {
    return std::runtime_error("it has no " + what + " here");
  }
};

/// A Prepared made of function objects.
template <class Run, class Fetch>
std::unique_ptr<Prepared> prepared(Run run, Fetch fetch) {
  struct Wrapper : Prepared {
    Wrapper(Run wrapped_run, Fetch wrapped_fetch) : run_(std::move(wrapped_run)), fetch_(std::move(wrapped_fetch)) {}
    void run() override { run_(); }
    void fetch() override { fetch_(); }
    Run run_;
    Fetch fetch_;
  };
  return std::make_unique<Wrapper>(std::move(run), std::move(fetch));
}

template <class Run>
std::unique_ptr<Prepared> prepared(Run run) {
  return prepared(std::move(run), [] {});
}

}  // namespace optlab::peers
