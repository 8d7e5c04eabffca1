#include <cmath>
#include <cstdint>

#include "attention/attention_kernels.h"
#include "attention/stored_kernels.h"
#include "core/math.h"

/// The reference: the equation, a query at a time.
namespace optlab::attention::detail {

Span visible(const Problem& problem, int query) noexcept {
  const std::int64_t S = problem.k.tokens;
  if (!problem.causal) return {0, static_cast<int>(S)};
  const std::int64_t own = std::int64_t{problem.first_query} + query - problem.first_key;
  const std::int64_t end = own + 1 < S ? own + 1 : S;
  const std::int64_t begin = problem.window > 0 && own + 1 > problem.window ? own + 1 - problem.window : 0;
  if (begin >= end) return {0, 0};
  return {static_cast<int>(begin), static_cast<int>(end)};
}

float score_scale(int size) noexcept { return 1.0F / math::sqrt(static_cast<float>(size)); }

std::size_t naive_scratch_bytes(const Problem& problem, const gemm::Blocking& /*blocking*/, int /*threads*/) {
  return sizeof(float) * static_cast<std::size_t>(problem.k.tokens);
}

namespace {

/// Element d of key s.
float key(const Problem& problem, int s, int g, int d) {
  if (problem.stored.storage != Storage::kFloat32) return stored_key(problem.stored, problem.k.size, s, g, d);
  const auto& [data, head_stride] = problem.k_panels;
  if (data == nullptr) return problem.k.at(s, g)[d];
  const int lane = s % kPanelKeys;
  return data[g * head_stride + static_cast<std::ptrdiff_t>(s - lane) * problem.k.size + d * kPanelKeys + lane];
}

float value(const Problem& problem, int s, int g, int d) {
  if (problem.stored.storage != Storage::kFloat32) return stored_value(problem.stored, problem.k.size, s, g, d);
  return problem.v.at(s, g)[d];
}

void attend_one(const Problem& problem, int t, int h, float* p) {
  const int D = problem.q.size;
  const int g = h / (problem.q.heads / problem.k.heads);
  const float scale = score_scale(D);
  const float* q = problem.q.at(t, h);
  float* out = problem.out.at(t, h);
  const auto [begin, end] = visible(problem, t);
  for (int d = 0; d < D; ++d) out[d] = 0.0F;
  if (begin == end) return;

  float most = -INFINITY;
  for (int s = begin; s < end; ++s) {
    float sum = 0.0F;
    for (int d = 0; d < D; ++d) sum += q[d] * key(problem, s, g, d);
    p[s] = sum * scale;
    most = p[s] > most ? p[s] : most;
  }
  float stripes[kPanelKeys] = {};
  for (int s = begin; s < end; ++s) {
    p[s] = math::exp(p[s] - most);
    stripes[s % kPanelKeys] += p[s];
  }
  for (int width = kPanelKeys / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) stripes[i] += stripes[i + width];
  }
  for (int s = begin; s < end; ++s) {
    for (int d = 0; d < D; ++d) out[d] += p[s] * value(problem, s, g, d);
  }
  for (int d = 0; d < D; ++d) out[d] /= stripes[0];
}

}  // namespace

void naive(const Problem& problem, const Workspace& workspace) noexcept {
  auto* scores = reinterpret_cast<float*>(workspace.scratch);
  for (int t = 0; t < problem.q.tokens; ++t) {
    for (int h = 0; h < problem.q.heads; ++h) attend_one(problem, t, h, scores);
  }
}

}  // namespace optlab::attention::detail
