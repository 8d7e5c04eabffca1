#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/rng.h"
#include "nn/layer.h"
#include "nn/test_support.h"

/// What every layer is held to, for the tests of this folder.
namespace optlab::nn {

struct LayerCheck {
  double tolerance = 2e-3;  // of a gradient against central differences, relative to 1 + its size
  std::uint32_t stream = 1;
  bool batch_independent = true;  // outside of training an example doesn't see the others
};

namespace layer_check {

/// Values in (-1, 1) of which no two are close to each other or to 0, in random order: steps cross no kink of a ReLU or
/// maximum.
inline Tensor spread_values(const Shape& shape, std::uint32_t stream) {
  Tensor tensor(shape);
  std::vector<std::uint32_t> order(tensor.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  Rng(17, stream).shuffle(order);
  const auto count = static_cast<float>(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    tensor.values()[i] = (2.0F * static_cast<float>(order[i]) + 1.0F) / count - 1.0F;
  }
  for (float& value : tensor.values()) {
    if (value == 0.0F) value = 0.5F / count;
  }
  return tensor;
}

inline std::uint64_t digest_of(const Tensor& tensor) {
  Digest digest;
  digest.add(tensor.values());
  return digest.value();
}

/// A layer with an input and a random direction p; the loss is p·y.
struct Subject {
  Subject(Layer& checked, const Shape& shape, const LayerCheck& options)
      : layer(checked), x(spread_values(shape, options.stream)), y(layer.output_shape(shape)), p(y.shape()) {
    Rng(18, options.stream).fill_uniform(p.values(), -1.0F, 1.0F);
  }
  Pass pass(const Compute& compute) const { return {compute, true, 5, 3}; }

  double loss(const Compute& compute) {
    layer.forward(x.view(), y.view(), pass(compute));
    double sum = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += double(p.values()[i]) * y.values()[i];
    return sum;
  }
  /// After a forward pass; dx is null where it isn't wanted.
  void backward(const Compute& compute, Tensor* dx) {
    Tensor dy = p.clone();
    layer.backward(x.view(), std::as_const(y).view(), dy.view(), dx == nullptr ? TensorView{} : dx->view(),
                   pass(compute));
  }

  Layer& layer;
  Tensor x, y, p;
};

inline void expect_differences(Subject& subject, const Compute& compute, const std::string& what,
                               std::span<float> values, std::span<const float> gradient, double tolerance) {
  constexpr float kStep = 1.0F / 1024;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float kept = values[i];
    values[i] = kept + kStep;
    const double above = subject.loss(compute);
    values[i] = kept - kStep;
    const double below = subject.loss(compute);
    values[i] = kept;
    const double want = (above - below) / (2.0 * kStep);
    ASSERT_NEAR(gradient[i], want, tolerance * (1.0 + std::fabs(want)))
        << subject.layer.kind() << ' ' << what << " element " << i;
  }
}

/// Digests of y, dx and all gradients, in this order.
inline std::vector<std::uint64_t> digests(Subject& subject, const Compute& compute) {
  subject.loss(compute);
  Tensor dx(subject.x.shape());
  subject.backward(compute, &dx);
  std::vector<std::uint64_t> all{digest_of(subject.y), digest_of(dx)};
  for (const Parameter* parameter : subject.layer.parameters()) all.push_back(digest_of(parameter->gradient));
  return all;
}

inline void expect_refusals(Subject& subject, const Compute& compute) {
  Layer& layer = subject.layer;
  const std::string name = "layer " + layer.name();
  Tensor other(Shape{subject.x.shape()[0] + 1, 1, 1, 97}), dx(subject.x.shape()), dy(subject.y.shape());
  const Pass pass = subject.pass(compute);
  EXPECT_MESSAGE(std::invalid_argument, layer.forward(subject.x.view(), other.view(), pass), name + ": y is ");
  EXPECT_MESSAGE(std::invalid_argument,
                 layer.backward(subject.x.view(), subject.y.view(), other.view(), dx.view(), pass), name + ": dy is ");
  EXPECT_MESSAGE(std::invalid_argument,
                 layer.backward(subject.x.view(), subject.y.view(), dy.view(), other.view(), pass), name + ": dx is ");
}

/// The first example by itself gives what it gives among others.
inline void expect_independent(Subject& subject, const Compute& compute) {
  const Pass pass{compute};
  subject.layer.forward(subject.x.view(), subject.y.view(), pass);
  Tensor all = subject.y.clone();
  const TensorView first = all.first(1);
  Tensor alone(first.shape);
  subject.layer.forward(subject.x.first(1), alone.view(), pass);
  EXPECT_TRUE(std::equal(first.values.begin(), first.values.end(), alone.values().begin())) << subject.layer.kind();
}

}  // namespace layer_check

/// Gradients by x and every parameter against central differences of a random direction of y; the same bits by all exact
/// rungs and threads, and whether or not dx is wanted; refusals of wrong shapes by name; examples that don't see each other.
inline void check_layer(Layer& layer, const Shape& shape, const LayerCheck& options = {}) {
  using namespace layer_check;
  TestCompute reference(gemm::variants().front(), 1);
  const Compute& compute = reference.compute;
  Subject subject(layer, shape, options);
  const std::vector<std::uint64_t> want = digests(subject, compute);

  std::size_t at = 2;
  subject.backward(compute, nullptr);
  for (const Parameter* parameter : layer.parameters()) {
    EXPECT_EQ(digest_of(parameter->gradient), want[at++]) << parameter->name << " without dx";
  }
  for (const gemm::Variant& variant : gemm::variants()) {
    if (variant.mode != gemm::Mode::kExact || !variant.supported()) continue;
    for (int threads : {1, 2, 4}) {
      TestCompute other(variant, threads);
      EXPECT_EQ(digests(subject, other.compute), want) << layer.kind() << ": " << variant.name << ' ' << threads;
    }
  }

  subject.loss(compute);
  Tensor dx(shape);
  subject.backward(compute, &dx);
  struct Target {
    std::string name;
    std::span<float> values;
    std::vector<float> gradient;
  };
  std::vector<Target> targets{{"x", subject.x.values(), {dx.values().begin(), dx.values().end()}}};
  for (Parameter* parameter : layer.parameters()) {
    const auto gradient = parameter->gradient.values();
    targets.push_back({parameter->name, parameter->value.values(), {gradient.begin(), gradient.end()}});
  }
  for (const Target& target : targets) {
    expect_differences(subject, compute, target.name, target.values, target.gradient, options.tolerance);
  }
  subject.loss(compute);
  expect_refusals(subject, compute);
  if (options.batch_independent) expect_independent(subject, compute);
}

}  // namespace optlab::nn
