#include "gemm/weight_only.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <string>

#include "core/error.h"
#include "core/float16.h"
#include "core/ladder.h"
#include "gemm/weight_only_kernels.h"
#include "simd/targets.h"

namespace optlab::gemm {
namespace {

using detail::WeightOnlyKernels;

int round_to_even(float value) { return static_cast<int>((value + 12582912.0F) - 12582912.0F); }

void naive_halves(const float* x, const WeightOnlyMatrix& w, float* y) {
  for (int n = 0; n < w.columns(); ++n) {
    float sum = 0.0F;
    for (int k = 0; k < w.rows(); ++k) sum += x[k] * w.value(k, n);
    y[n] = sum;
  }
}

void naive_row(const float* x, const WeightOnlyMatrix& w, float* y) {
  if (w.bits() == 16) return naive_halves(x, w, y);
  const float* scales = w.scales();
  for (int n = 0; n < w.columns(); ++n) {
    const float* scale = scales + n / kWeightColumns * w.panel_scales() + n % kWeightColumns;
    const std::byte* column = w.data() + n / kWeightColumns * w.panel_bytes() + n % kWeightColumns;
    const auto quantized = [&](int k) {
      if (w.bits() == 8) return static_cast<int>(static_cast<std::int8_t>(column[std::ptrdiff_t{kWeightColumns} * k]));
      const int byte = std::to_integer<int>(column[std::ptrdiff_t{kWeightColumns} * (k / 2)]);
      return (k % 2 == 0 ? byte & 15 : byte >> 4) - 8;
    };
    const int group = w.bits() == 8 ? std::max(w.rows(), 1) : kInt4Group;
    float total = 0.0F;
    for (int k0 = 0; k0 < w.rows(); k0 += group, scale += kWeightColumns) {
      float sum = 0.0F;
      for (int k = k0; k < std::min(k0 + group, w.rows()); ++k) sum += x[k] * static_cast<float>(quantized(k));
      total = w.bits() == 8 ? sum * *scale : total + sum * *scale;
    }
    y[n] = total;
  }
}

void naive(const ConstMatrixView& x, const WeightOnlyMatrix& w, const MatrixView& y,
           const Workspace& /*workspace*/) noexcept {
  for (int r = 0; r < x.rows; ++r) naive_row(x.row(r), w, y.row(r));
}

using detail::kWeightRows;
using detail::WeightPanels;

/// Panels p … p + count times all rows of x.
void run_panels(const WeightOnlyKernels& kernels, const ConstMatrixView& x, const WeightOnlyMatrix& w, int p, int count,
                const MatrixView& y) {
  const auto& one = w.bits() == 16 ? kernels.half : w.bits() == 8 ? kernels.int8 : kernels.int4;
  const auto& several = w.bits() == 16 ? kernels.half_rows : w.bits() == 8 ? kernels.int8_rows : kernels.int4_rows;
  const WeightPanels here{w.data() + p * w.panel_bytes(), w.panel_bytes(), w.scales() + p * w.panel_scales(),
                          w.panel_scales()};
  float buffer[kWeightRows * detail::kMostWeightPanels * kWeightColumns];
  for (int r = 0, height = 0; r < x.rows; r += height) {
    height = x.rows - r >= kWeightRows ? kWeightRows : x.rows - r >= 2 ? 2 : 1;
    const ConstMatrixView rows = x.block(r, 0, height, x.columns);
    const MatrixView out =
        y.block(r, p * kWeightColumns, height, std::min(count * kWeightColumns, y.columns - p * kWeightColumns));
    const int width = count * kWeightColumns;
    const MatrixView to = out.columns == width ? out : MatrixView{buffer, height, width, width, 1};
    if (height == 1) {
      one[count > 1 ? 1 : 0](rows.data, x.columns, here, to.data);
    } else {
      for (int i = 0; i < count; ++i) {
        several[height == kWeightRows ? 1 : 0](rows,
                                               {here.data + i * here.stride, 0, here.scales + i * here.scale_stride, 0},
                                               to.block(0, i * kWeightColumns, height, kWeightColumns));
      }
    }
    for (int i = 0; to.data == buffer && i < height; ++i) std::copy_n(to.row(i), out.columns, out.row(i));
  }
}

template <const WeightOnlyKernels& kernels>
void run(const ConstMatrixView& x, const WeightOnlyMatrix& w, const MatrixView& y,
         const Workspace& workspace) noexcept {
  if (w.rows() == 0) {
    for (int r = 0; r < y.rows; ++r) std::fill_n(y.row(r), y.columns, 0.0F);
    return;
  }
  constexpr double kWeightsPerSecond = 1.5e10;
  const int workers = parallel::useful_workers(
      workspace.pool, workspace.threads, static_cast<double>(w.rows()) * w.columns() * x.rows / kWeightsPerSecond);
  workspace.pool.run(workers, [&](int worker) {
    const parallel::Range panels = parallel::partition(w.panels(), workers, worker, kernels.panels);
    for (int p = panels.begin; p < panels.end;) {
      const int count = p + kernels.panels <= panels.end ? kernels.panels : 1;
      run_panels(kernels, x, w, p, count, y);
      p += count;
    }
  });
}

constexpr simd::Ideas kIdeas{.simd = "a vector of columns, widened to float32 as it is loaded",
                             .wide = {},
                             .threads = "columns divided among the cores",
                             .fused = "multiply and add fused",
                             .fused_threads = "columns divided among the cores"};

Ladder<WeightOnlyVariant> ladder() {
  Ladder<WeightOnlyVariant> rows;
  rows.add({{"weights_naive", "a column at a time", "scalar", Mode::kExact, false, always}, naive});
  if constexpr (simd::kHasScalar) {
    rows.add({{"weights_panels", "panels of 16 columns, read in order", "scalar", Mode::kExact, false, always},
              run<detail::WeightOnlyKernelsOf<simd::Scalar>::kTable>});
  }
  simd::for_each_target([&]<class Simd>(const simd::Target& target) {
    if constexpr (std::same_as<Simd, typename simd::NarrowerOf<Simd>::Type>) {
      for (const bool threaded : {false, true}) {
        Row row = row_of(target, threaded, kIdeas);
        row.name = lasting_name("weights_", row.name);
        rows.add({row, run<detail::WeightOnlyKernelsOf<Simd>::kTable>});
      }
    }
  });
  return rows;
}

}  // namespace

std::span<const WeightOnlyVariant> weight_only_variants() {
  static const Ladder<WeightOnlyVariant> kVariants = ladder();
  return kVariants;
}

const WeightOnlyVariant& weight_only_variant(std::string_view name) {
  return find_row(weight_only_variants(), "weight-only", name);
}

const WeightOnlyVariant& best_weight_only(Mode mode, int threads) {
  return best_row(weight_only_variants(), mode, threads);
}

WeightOnlyMatrix::WeightOnlyMatrix(ConstMatrixView w, int bits) : rows_(w.rows), columns_(w.columns), bits_(bits) {
  if (bits != 4 && bits != 8 && bits != 16) {
    throw_invalid({"WeightOnlyMatrix: ", bits, " bits; 4, 8 or 16 are allowed"});
  }
  if (w.rows < 0 || w.columns < 0 || (w.data == nullptr && w.rows > 0 && w.columns > 0)) {
    throw_invalid({"WeightOnlyMatrix: W is ", format_shape({w.rows, w.columns}),
                   (w.data == nullptr ? " without data" : "; dimensions must be >= 0")});
  }
  data_ = AlignedBuffer<std::byte>(static_cast<std::size_t>(panels() * panel_bytes()));
  // A half-byte of 8 is the weight 0: what the columns and rows beyond the matrix must be.
  if (bits == 4) std::fill_n(data_.data(), data_.size(), std::byte{0x88});
  scales_ = AlignedBuffer<float>(static_cast<std::size_t>(panels() * panel_scales()));
  if (bits == 16) {
    halve(w);
  } else {
    quantize(w);
  }
}

void WeightOnlyMatrix::halve(ConstMatrixView w) {
  constexpr float kMostHalf = 65504.0F;
  constexpr float kLargestScale = 0x1p100F;
  constexpr float kLeastScale = 0x1p-15F;
  float largest = 0.0F;
  for (int n = 0; n < columns_; ++n) {
    for (int k = 0; k < rows_; ++k) largest = std::max(largest, std::abs(w(k, n)));
  }
  float scale = kLargestScale;
  while (scale > kLeastScale && !(largest * scale <= kMostHalf)) scale *= 0.5F;
  // One factor for all; what the kernels load is 2^112 too small.
  scales_ = AlignedBuffer<float>(1);
  scales_.data()[0] = 0x1p112F / scale;
  for (int n = 0; n < columns_; ++n) {
    for (int k = 0; k < rows_; ++k) {
      const std::uint16_t half = to_half(w(k, n) * scale);
      if (!std::isfinite(from_half(half))) {
        throw_invalid({"WeightOnlyMatrix: W[", k, ",", n, "] is not finite as a half"});
      }
      store(k, n, half);
    }
  }
}

void WeightOnlyMatrix::quantize(ConstMatrixView w) {
  const int group = bits_ == 8 ? std::max(rows_, 1) : kInt4Group;
  for (int n = 0; n < columns_; ++n) {
    float* scale = scales_.data() + n / kWeightColumns * panel_scales() + n % kWeightColumns;
    for (int k0 = 0; k0 < rows_; k0 += group, scale += kWeightColumns) {
      const int end = std::min(k0 + group, rows_);
      float extreme = 0.0F;
      for (int k = k0; k < end; ++k) {
        if (!std::isfinite(w(k, n))) {
          throw_invalid({"WeightOnlyMatrix: W[", k, ",", n, "] is not finite"});
        }
        if (std::abs(w(k, n)) > std::abs(extreme)) extreme = w(k, n);
      }
      *scale = bits_ == 8 ? std::abs(extreme) / 127.0F : extreme / -8.0F;
      for (int k = k0; k < end && *scale != 0.0F; ++k) {
        const int q = round_to_even(w(k, n) / *scale);
        store(k, n, bits_ == 8 ? std::clamp(q, -127, 127) : std::clamp(q, -8, 7));
      }
    }
  }
}

void WeightOnlyMatrix::store(int k, int n, int q) {
  std::byte* panel = data_.data() + n / kWeightColumns * panel_bytes();
  if (bits_ == 16) {
    reinterpret_cast<std::uint16_t*>(panel)[std::ptrdiff_t{kWeightColumns} * k + n % kWeightColumns] =
        static_cast<std::uint16_t>(q);
    return;
  }
  std::byte* column = panel + n % kWeightColumns;
  if (bits_ == 8) {
    column[std::ptrdiff_t{kWeightColumns} * k] = static_cast<std::byte>(static_cast<std::int8_t>(q));
    return;
  }
  std::byte& byte = column[std::ptrdiff_t{kWeightColumns} * (k / 2)];
  const auto half = static_cast<std::byte>(q + 8);
  byte = k % 2 == 0 ? (byte & std::byte{0xF0}) | half : (byte & std::byte{0x0F}) | half << 4;
}

int WeightOnlyMatrix::quantized(int k, int n) const {
  const std::byte* column = data_.data() + n / kWeightColumns * panel_bytes() + n % kWeightColumns;
  if (bits_ == 8) return static_cast<std::int8_t>(column[std::ptrdiff_t{kWeightColumns} * k]);
  const int byte = std::to_integer<int>(column[std::ptrdiff_t{kWeightColumns} * (k / 2)]);
  return (k % 2 == 0 ? byte & 15 : byte >> 4) - 8;
}

float WeightOnlyMatrix::value(int k, int n) const {
  if (bits_ == 16) {
    const std::byte* panel = data_.data() + n / kWeightColumns * panel_bytes();
    const std::ptrdiff_t at = std::ptrdiff_t{kWeightColumns} * k + n % kWeightColumns;
    return from_half(reinterpret_cast<const std::uint16_t*>(panel)[at]) * 0x1p-112F * *scales();
  }
  const int group = bits_ == 8 ? 0 : k / kInt4Group;
  const float* scale = scales_.data() + n / kWeightColumns * panel_scales() + n % kWeightColumns;
  return static_cast<float>(quantized(k, n)) * scale[std::ptrdiff_t{kWeightColumns} * group];
}

void WeightOnlyMatrix::expand(int first, int end, MatrixView to) const noexcept {
  for (int p = first; p < end; ++p) {
    const std::byte* panel = data_.data() + p * panel_bytes();
    const int width = std::min(kWeightColumns, columns_ - p * kWeightColumns);
    for (int g = 0; bits_ == 4 && g < groups(); ++g) {
      const int k = g * kInt4Group;
      const MatrixView rows = to.block(k, 0, std::min(kInt4Group, rows_ - k), columns_);
      expand_group(g, p, p + 1, rows);
      const float* scales = scales_.data() + p * panel_scales() + std::ptrdiff_t{g} * kWeightColumns;
      for (int r = 0; r < rows.rows; ++r) {
        float* row = rows.row(r) + std::ptrdiff_t{p} * kWeightColumns;
        for (int i = 0; i < width; ++i) row[i] *= scales[i];
      }
    }
    for (int k = 0; bits_ != 4 && k < rows_; ++k) {
      float* row = to.row(k) + std::ptrdiff_t{p} * kWeightColumns;
      if (bits_ == 8) {
        const auto* from = reinterpret_cast<const std::int8_t*>(panel) + std::ptrdiff_t{k} * kWeightColumns;
        for (int i = 0; i < width; ++i) row[i] = static_cast<float>(from[i]);
        continue;
      }
      const auto* from = reinterpret_cast<const std::uint16_t*>(panel) + std::ptrdiff_t{k} * kWeightColumns;
      const float factor = *scales();
      for (int i = 0; i < width; ++i) {  // as the kernels do, see simd/widen.h
        const std::uint32_t half = from[i];
        row[i] = std::bit_cast<float>((half & 0x8000U) << 16 | (half & 0x7FFFU) << 13) * factor;
      }
    }
  }
}

void WeightOnlyMatrix::expand_group(int group, int first, int end, MatrixView to) const noexcept {
  for (int p = first; p < end; ++p) {
    const int width = std::min(kWeightColumns, columns_ - p * kWeightColumns);
    const auto* from = reinterpret_cast<const std::uint8_t*>(data_.data()) + p * panel_bytes() +
                       std::ptrdiff_t{group} * kWeightColumns * (kInt4Group / 2);
    for (int k = 0; k < to.rows; k += 2, from += kWeightColumns) {  // a byte holds k and k + 1
      float* row = to.row(k) + std::ptrdiff_t{p} * kWeightColumns;
      for (int i = 0; i < width; ++i) row[i] = static_cast<float>((from[i] & 15) - 8);
      if (k + 1 == to.rows) break;
      row = to.row(k + 1) + std::ptrdiff_t{p} * kWeightColumns;
      for (int i = 0; i < width; ++i) row[i] = static_cast<float>((from[i] >> 4) - 8);
    }
  }
}

void multiply_weight_only(const WeightOnlyVariant& variant, ConstMatrixView x, const WeightOnlyMatrix& w, MatrixView y,
                          Context& context) {
  if (x.columns != w.rows() || y.columns != w.columns() || x.rows != y.rows) {
    throw_invalid({"weight-only: x is ", format_shape({x.rows, x.columns}), " and y ",
                   format_shape({y.rows, y.columns}), ", W is ", format_shape({w.rows(), w.columns()})});
  }
  if (x.column_stride != 1 || y.column_stride != 1) {
    throw_invalid({"weight-only: column strides are ", x.column_stride, " and ", y.column_stride, "; want 1"});
  }
  const int threads = variant.threaded ? context.pool.threads() : 1;
  variant.run(x, w, y, {context.pool, threads, context.scratch.data(), context.blocking});
}

void multiply_weight_only(const WeightOnlyVariant& variant, std::span<const float> x, const WeightOnlyMatrix& w,
                          std::span<float> y, Context& context) {
  const auto K = static_cast<int>(x.size()), N = static_cast<int>(y.size());
  multiply_weight_only(variant, ConstMatrixView{x.data(), 1, K, K, 1}, w, MatrixView{y.data(), 1, N, N, 1}, context);
}

}  // namespace optlab::gemm
