#include "nn/decode_weight.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "nn/projection.h"

namespace optlab::nn {
namespace {

struct Name {
  WeightFormat format;
  std::string_view name;
  int bits;
};
constexpr std::array<Name, 4> kFormats = {{{WeightFormat::kFloat32, "f32", 32},
                                           {WeightFormat::kFloat16, "fp16", 16},
                                           {WeightFormat::kInt8, "int8", 8},
                                           {WeightFormat::kInt4, "int4", 4}}};

}  // namespace

std::string_view name_of(WeightFormat format) { return kFormats[static_cast<std::size_t>(format)].name; }

WeightFormat weight_format_named(std::string_view name) {
  for (const Name& each : kFormats) {
    if (each.name == name) return each.format;
  }
  throw_invalid({"no weight format is called '", name, "'; there are f32, fp16, int8, int4"});
}

DecodeWeight::DecodeWeight(ConstMatrixView w, WeightFormat format, const Compute& compute) : original_(w) {
  if (format != WeightFormat::kFloat32) {
    few_bits_.emplace(w, kFormats[static_cast<std::size_t>(format)].bits);
    return;
  }
  const gemm::Variant& variant = compute.choose(1, w.columns, w.rows);
  if (variant.panels.columns > 0) packed_ = gemm::PackedMatrix(variant, w);
}

void DecodeWeight::multiply(ConstMatrixView x, MatrixView y, const Compute& compute,
                            AlignedBuffer<float>& expanded) const {
  if (!few_bits_) {
    const gemm::Variant& variant = compute.choose(y.rows, y.columns, x.columns);
    if (packed_.fits(variant)) return gemm::multiply(variant, x, packed_, y, {}, compute.context);
    return gemm::multiply(variant, {x, original_, y}, compute.context);
  }
  if (x.rows >= kExpandedRows && few_bits_->bits() > 4) return multiply_expanded(x, y, compute, expanded);
  const gemm::WeightOnlyVariant& variant = gemm::best_weight_only(detail::mode_of(compute), compute.threads());
  for (int r = 0; r < x.rows; ++r) {
    gemm::multiply_weight_only(variant, {x.row(r), static_cast<std::size_t>(x.columns)}, *few_bits_,
                               {y.row(r), static_cast<std::size_t>(y.columns)}, compute.context);
  }
}

/// The sums by GEMM, which adds in the same order, then each column's scale.
void DecodeWeight::multiply_expanded(ConstMatrixView x, MatrixView y, const Compute& compute,
                                     AlignedBuffer<float>& expanded) const {
  constexpr double kWeightsPerSecond = 2e9;
  const gemm::WeightOnlyMatrix& w = *few_bits_;
  const std::size_t count = static_cast<std::size_t>(w.rows()) * static_cast<std::size_t>(w.columns());
  if (expanded.size() < count) expanded = AlignedBuffer<float>(count);
  const MatrixView unscaled{expanded.data(), w.rows(), w.columns(), w.columns(), 1};
  parallel::ThreadPool& pool = compute.context.pool;
  const int workers = parallel::useful_workers(pool, compute.threads(), static_cast<double>(count) / kWeightsPerSecond);
  pool.run(workers, [&](int worker) {
    const parallel::Range panels = parallel::partition(w.panels(), workers, worker);
    w.expand(panels.begin, panels.end, unscaled);
  });
  detail::product(x, unscaled, y, compute);
  if (w.bits() == 16) return;
  for (int r = 0; r < y.rows; ++r) {
    for (int p = 0; p < w.panels(); ++p) {
      const float* scales = w.scales() + p * w.panel_scales();
      float* to = y.row(r) + std::ptrdiff_t{p} * gemm::kWeightColumns;
      const int width = std::min(gemm::kWeightColumns, y.columns - p * gemm::kWeightColumns);
      for (int i = 0; i < width; ++i) to[i] = to[i] * scales[i];
    }
  }
}

std::size_t DecodeWeight::bytes() const { return few_bits_ ? few_bits_->bytes() : packed_.bytes(); }

}  // namespace optlab::nn
