#include "lm/decode_weight.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/error.h"
#include "nn/projection.h"
#include "nn/workers.h"

namespace optlab::lm {
namespace {

struct Name {
  WeightFormat format;
  std::string_view name;
  int bits;
};
constexpr std::array<Name, 5> kFormats = {{{WeightFormat::kFloat32, "f32", 32},
                                           {WeightFormat::kFloat16, "fp16", 16},
                                           {WeightFormat::kInt8, "int8", 8},
                                           {WeightFormat::kInt4, "int4", 4},
                                           {WeightFormat::kInt8Dot, "int8-dot", 8}}};

/// Scales the columns of `y`, or adds the scaled `product` to it, with the scales of one group.
void apply_scales(MatrixView y, const float* product, const gemm::WeightOnlyMatrix& w, int group,
                  const nn::Compute& compute) {
  nn::detail::for_rows(compute.context.pool, y.rows, 4.0 * y.columns, [&](int r) {
    const float* from = product == nullptr ? nullptr : product + std::ptrdiff_t{r} * y.columns;
    detail::scale_row(from, w.scales() + std::ptrdiff_t{group} * gemm::kWeightColumns, w.panel_scales(), y.columns,
                      y.row(r));
  });
}

}  // namespace

std::string_view name_of(WeightFormat format) { return kFormats[static_cast<std::size_t>(format)].name; }

WeightFormat weight_format_named(std::string_view name) {
  for (const Name& each : kFormats) {
    if (each.name == name) return each.format;
  }
  throw_invalid({"no weight format is called '", name, "'; there are f32, fp16, int8, int4, int8-dot"});
}

DecodeWeight::DecodeWeight(ConstMatrixView w, WeightFormat format, const nn::Compute& compute) : original_(w) {
  if (format == WeightFormat::kInt8Dot) {
    int8_variant_ = &gemm::best_seven_bits(compute.threads());
    const gemm::WeightOnlyMatrix few(w, 8);
    std::vector<std::int8_t> values(static_cast<std::size_t>(w.rows) * static_cast<std::size_t>(w.columns));
    int8_scales_ = AlignedBuffer<float>(static_cast<std::size_t>(w.columns));
    for (int n = 0; n < w.columns; ++n) {
      int8_scales_.data()[n] = few.scales()[n / gemm::kWeightColumns * few.panel_scales() + n % gemm::kWeightColumns];
      for (int k = 0; k < w.rows; ++k) {
        values[static_cast<std::size_t>(k) * static_cast<std::size_t>(w.columns) + static_cast<std::size_t>(n)] =
            few.integer(k, n);
      }
    }
    int8_ = gemm::PackedInt8(*int8_variant_, {values.data(), w.rows, w.columns, w.columns, 1});
    return;
  }
  if (format != WeightFormat::kFloat32) {
    few_bits_.emplace(w, kFormats[static_cast<std::size_t>(format)].bits);
    return;
  }
  const gemm::Variant& variant = compute.choose(1, w.columns, w.rows);
  if (variant.panels.columns > 0) packed_ = gemm::PackedMatrix(variant, w);
}

void DecodeWeight::multiply(ConstMatrixView x, MatrixView y, const nn::Compute& compute, DecodeScratch& scratch) const {
  if (int8_variant_ != nullptr) return multiply_quantized(x, y, compute, scratch);
  if (!few_bits_) {
    const gemm::Variant& variant = compute.choose(y.rows, y.columns, x.columns);
    if (packed_.fits(variant)) return gemm::multiply(variant, x, packed_, y, {}, compute.context);
    return gemm::multiply(variant, {x, original_, y}, compute.context);
  }
  if (x.rows >= kExpandedRows) {
    const bool by_groups = few_bits_->bits() == 4 && nn::detail::mode_of(compute) == gemm::Mode::kExact;
    return by_groups ? multiply_groups(x, y, compute, scratch) : multiply_expanded(x, y, compute, scratch);
  }
  const gemm::WeightOnlyVariant& variant = gemm::best_weight_only(nn::detail::mode_of(compute), compute.threads());
  gemm::multiply_weight_only(variant, x, *few_bits_, y, compute.context);
}

/// The sums by GEMM, which adds in the same order, then each column's scale.
void DecodeWeight::multiply_expanded(ConstMatrixView x, MatrixView y, const nn::Compute& compute,
                                     DecodeScratch& scratch) const {
  constexpr double kWeightsPerSecond = 2e9;
  const gemm::WeightOnlyMatrix& w = *few_bits_;
  const std::size_t count = static_cast<std::size_t>(w.rows()) * static_cast<std::size_t>(w.columns());
  AlignedBuffer<float>& expanded = scratch.expanded;
  if (expanded.size() < count) expanded = AlignedBuffer<float>(count);
  const MatrixView unscaled{expanded.data(), w.rows(), w.columns(), w.columns(), 1};
  parallel::ThreadPool& pool = compute.context.pool;
  const int workers = parallel::useful_workers(pool, compute.threads(), static_cast<double>(count) / kWeightsPerSecond);
  pool.run(workers, [&](int worker) {
    const parallel::Range panels = parallel::partition(w.panels(), workers, worker);
    w.expand(panels.begin, panels.end, unscaled);
  });
  nn::detail::product(x, unscaled, y, compute);
  if (w.bits() != 8) return;
  apply_scales(y, nullptr, w, 0, compute);
}

/// y += (x · q) · scale, group by group, as multiply_weight_only has it.
void DecodeWeight::multiply_groups(ConstMatrixView x, MatrixView y, const nn::Compute& compute,
                                   DecodeScratch& scratch) const {
  constexpr double kWeightsPerSecond = 2e9;
  const gemm::WeightOnlyMatrix& w = *few_bits_;
  const int N = w.columns();
  const auto width = static_cast<std::size_t>(N);
  const std::size_t group = gemm::kInt4Group * width, all = group + static_cast<std::size_t>(y.rows) * width;
  if (scratch.expanded.size() < all) scratch.expanded = AlignedBuffer<float>(all);
  const MatrixView product{scratch.expanded.data() + group, y.rows, N, N, 1};
  parallel::ThreadPool& pool = compute.context.pool;
  const int workers = parallel::useful_workers(pool, compute.threads(), static_cast<double>(group) / kWeightsPerSecond);
  for (int r = 0; r < y.rows; ++r) std::fill_n(y.row(r), N, 0.0F);
  for (int g = 0; g < w.groups(); ++g) {
    const int k = g * gemm::kInt4Group, depth = std::min(gemm::kInt4Group, w.rows() - k);
    const MatrixView integers{scratch.expanded.data(), depth, N, N, 1};
    pool.run(workers, [&](int worker) {
      const parallel::Range panels = parallel::partition(w.panels(), workers, worker);
      w.expand_group(g, panels.begin, panels.end, integers);
    });
    nn::detail::product(x.block(0, k, x.rows, depth), integers, product, compute);
    apply_scales(y, product.data, w, g, compute);
  }
}

void DecodeWeight::multiply_quantized(ConstMatrixView x, MatrixView y, const nn::Compute& compute,
                                      DecodeScratch& scratch) const {
  const auto rows = static_cast<std::size_t>(x.rows), depth = static_cast<std::size_t>(x.columns);
  const auto columns = static_cast<std::size_t>(y.columns);
  if (scratch.quantized.size() < rows * depth) scratch.quantized = AlignedBuffer<std::uint8_t>(rows * depth);
  if (scratch.sums.size() < rows * columns) scratch.sums = AlignedBuffer<std::int32_t>(rows * columns);
  if (scratch.rows.size() < rows) scratch.rows = AlignedBuffer<detail::SevenBits>(rows);
  for (int r = 0; r < x.rows; ++r) {
    const auto at = static_cast<std::size_t>(r);
    scratch.rows.data()[at] = detail::quantize_row(x.row(r), x.columns, scratch.quantized.data() + at * depth);
  }
  gemm::multiply_int8(*int8_variant_, {scratch.quantized.data(), x.rows, x.columns, x.columns, 1}, int8_,
                      {scratch.sums.data(), x.rows, y.columns, y.columns, 1}, compute.context);
  for (int r = 0; r < x.rows; ++r) {
    const auto at = static_cast<std::size_t>(r);
    detail::dequantize_row(scratch.sums.data() + at * columns, scratch.rows.data()[at], int8_.column_sums().data(),
                           int8_scales_.data(), y.columns, y.row(r));
  }
}

std::size_t DecodeWeight::bytes() const {
  if (int8_variant_ != nullptr) return int8_.bytes() + int8_scales_.span().size_bytes();
  return few_bits_ ? few_bits_->bytes() : packed_.bytes();
}

}  // namespace optlab::lm
