#include <cmath>

#include "attention/key_panels.h"
#include "attention/row_kernels.h"
#include "core/math.h"

/// The reference: the equations of row_ops.h, an element at a time.
namespace optlab::attention::detail {
namespace {

constexpr int kStripes = kPanelKeys;

/// Σ term(i), in stripes.
template <class Term>
float striped_sum(int n, const Term& term) {
  float stripes[kStripes] = {};
  for (int i = 0; i < n; ++i) stripes[i % kStripes] += term(i);
  for (int width = kStripes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) stripes[i] += stripes[i + width];
  }
  return stripes[0];
}

void exp(const float* x, int n, float* y) noexcept {
  for (int i = 0; i < n; ++i) y[i] = math::exp(x[i]);
}

void tanh(const float* x, int n, float* y) noexcept {
  for (int i = 0; i < n; ++i) y[i] = math::tanh(x[i]);
}

void softmax(const float* x, int n, float* y) noexcept {
  float most = -INFINITY;
  for (int i = 0; i < n; ++i) most = x[i] > most ? x[i] : most;
  for (int i = 0; i < n; ++i) y[i] = math::exp(x[i] - most);
  const float sum = striped_sum(n, [&](int i) { return y[i]; });
  for (int i = 0; i < n; ++i) y[i] /= sum;
}

void rms_norm(const float* x, int n, const float* weight, float epsilon, float* y) noexcept {
  const float squares = striped_sum(n, [&](int i) { return x[i] * x[i]; });
  const float r = 1.0F / math::sqrt(squares / static_cast<float>(n) + epsilon);
  for (int i = 0; i < n; ++i) y[i] = x[i] * r * weight[i];
}

void layer_norm(const float* x, int n, const float* weight, const float* bias, float epsilon, float* y) noexcept {
  const float mean = striped_sum(n, [&](int i) { return x[i]; }) / static_cast<float>(n);
  const float squares = striped_sum(n, [&](int i) { return (x[i] - mean) * (x[i] - mean); });
  const float r = 1.0F / math::sqrt(squares / static_cast<float>(n) + epsilon);
  for (int i = 0; i < n; ++i) y[i] = (x[i] - mean) * r * weight[i] + bias[i];
}

void gelu(const float* x, int n, float* y) noexcept {
  for (int i = 0; i < n; ++i) {
    const float v = x[i];
    y[i] = 0.5F * v * (1.0F + math::tanh(kGeluScale * (v + kGeluCubic * (v * v * v))));
  }
}

void silu(const float* x, int n, float* y) noexcept {
  for (int i = 0; i < n; ++i) y[i] = x[i] / (1.0F + math::exp(0.0F - x[i]));
}

void rope(float* x, int n, const float* cosines, const float* sines) noexcept {
  for (int i = 0; i < n; i += 2) {
    const float even = x[i], odd = x[i + 1];
    x[i] = even * cosines[i] + odd * sines[i];
    x[i + 1] = odd * cosines[i + 1] + even * sines[i + 1];
  }
}

}  // namespace

constinit const RowKernels kReferenceRowKernels{exp, tanh, softmax, rms_norm, layer_norm, gelu, silu, rope};

}  // namespace optlab::attention::detail
