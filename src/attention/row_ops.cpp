#include "attention/row_ops.h"

#include <string>

#include "attention/row_kernels.h"
#include "attention/workers.h"
#include "core/error.h"
#include "core/ladder.h"
#include "simd/targets.h"

namespace optlab::attention {
namespace {

constexpr simd::Ideas kIdeas{.simd = "a vector at a time",
                             .wide = "sixteen lanes",
                             .threads = "rows divided among the cores",
                             .fused = {},
                             .fused_threads = {}};

constexpr Ladder<RowVariant> ladder() {
  Ladder<RowVariant> rows;
  rows.add({{"naive", "an element at a time", "scalar", Mode::kExact, false, always}, &detail::kReferenceRowKernels});
  if constexpr (simd::kHasScalar) {
    rows.add({{"scalar", "the vector code with one lane", "scalar", Mode::kExact, false, always},
              &detail::RowKernelsOf<simd::Scalar>::kTable});
  }
  simd::for_each_exact_target([&]<class Simd>(const simd::Target& target) {
    for (const bool threaded : {false, true}) {
      rows.add({row_of(target, threaded, kIdeas), &detail::RowKernelsOf<Simd>::kTable});
    }
  });
  return rows;
}

[[noreturn]] void refuse(const char* operation, const std::string& message) {
  throw_invalid({operation, ": ", message});
}

template <class T>
void check_view(const char* operation, const char* what, const BasicMatrixView<T>& view) {
  checked_element_count(std::string(operation) + ": " + what, {view.rows, view.columns});
  if (view.data == nullptr && view.rows > 0 && view.columns > 0) refuse(operation, what + std::string(" has no data"));
  if (view.column_stride != 1 || (view.rows > 1 && view.row_stride < view.columns)) {
    refuse(operation, text({what, "'s strides are ", view.row_stride, " and ", view.column_stride,
                            "; columns must be adjacent and rows apart"}));
  }
}

void check(const char* operation, const ConstMatrixView& x, const MatrixView& y) {
  check_view(operation, "X", x);
  check_view(operation, "Y", y);
  if (x.rows != y.rows || x.columns != y.columns) {
    refuse(operation, text({"X is ", format_shape({x.rows, x.columns}), " and Y ", format_shape({y.rows, y.columns}),
                            "; want the same shape"}));
  }
  if (x.data == y.data && x.rows > 1 && x.row_stride != y.row_stride) {
    refuse(operation, "Y begins where X does, with other strides; in place they must be equal");
  }
}

void check_vector(const char* operation, const char* what, std::span<const float> vector, int N) {
  if (vector.size() == static_cast<std::size_t>(N)) return;
  refuse(operation, text({what, " has ", vector.size(), " elements; want N = ", N}));
}

void check_epsilon(const char* operation, float epsilon) {
  if (!(epsilon >= 0.0F)) refuse(operation, text({"epsilon is ", epsilon, "; it must be >= 0"}));
}

/// Calls body(m) for all rows, on as many workers as rows of that many FLOPs are worth.
template <class Body>
void for_each_row(const RowVariant& variant, int rows, double flops_per_row, parallel::ThreadPool& pool,
                  const Body& body) {
  const int threads = variant.threaded ? pool.threads() : 1;
  const int workers = detail::useful_workers(flops_per_row * rows, threads, pool);
  pool.run(workers, [&](int worker) {
    const parallel::Range mine = parallel::partition(rows, workers, worker);
    for (int m = mine.begin; m < mine.end; ++m) body(m);
  });
}

// FLOPs an element, an exp counted as 20: they only decide about threads.
constexpr double kNormFlops = 8.0;
constexpr double kExpFlops = 25.0;
constexpr double kTanhFlops = 50.0;
constexpr double kRopeFlops = 3.0;

}  // namespace

std::span<const RowVariant> row_variants() {
  static constexpr Ladder<RowVariant> kVariants = ladder();
  return kVariants;
}

const RowVariant& row_variant(std::string_view name) { return find_row(row_variants(), "row operations", name); }

const RowVariant& best_rows(int threads) {
  return last_row(row_variants(), threads, [](const RowVariant&) { return true; });
}

void softmax(const RowVariant& variant, ConstMatrixView x, MatrixView y, parallel::ThreadPool& pool) {
  check("softmax", x, y);
  for_each_row(variant, x.rows, kExpFlops * x.columns, pool,
               [&](int m) { variant.kernels->softmax(x.row(m), x.columns, y.row(m)); });
}

void rms_norm(const RowVariant& variant, ConstMatrixView x, std::span<const float> weight, float epsilon, MatrixView y,
              parallel::ThreadPool& pool) {
  check("rms_norm", x, y);
  check_vector("rms_norm", "weight", weight, x.columns);
  check_epsilon("rms_norm", epsilon);
  for_each_row(variant, x.rows, kNormFlops * x.columns, pool,
               [&](int m) { variant.kernels->rms_norm(x.row(m), x.columns, weight.data(), epsilon, y.row(m)); });
}

void layer_norm(const RowVariant& variant, ConstMatrixView x, std::span<const float> weight,
                std::span<const float> bias, float epsilon, MatrixView y, parallel::ThreadPool& pool) {
  check("layer_norm", x, y);
  check_vector("layer_norm", "weight", weight, x.columns);
  check_vector("layer_norm", "bias", bias, x.columns);
  check_epsilon("layer_norm", epsilon);
  for_each_row(variant, x.rows, kNormFlops * x.columns, pool, [&](int m) {
    variant.kernels->layer_norm(x.row(m), x.columns, weight.data(), bias.data(), epsilon, y.row(m));
  });
}

void gelu(const RowVariant& variant, ConstMatrixView x, MatrixView y, parallel::ThreadPool& pool) {
  check("gelu", x, y);
  for_each_row(variant, x.rows, kTanhFlops * x.columns, pool,
               [&](int m) { variant.kernels->gelu(x.row(m), x.columns, y.row(m)); });
}

void silu(const RowVariant& variant, ConstMatrixView x, MatrixView y, parallel::ThreadPool& pool) {
  check("silu", x, y);
  for_each_row(variant, x.rows, kExpFlops * x.columns, pool,
               [&](int m) { variant.kernels->silu(x.row(m), x.columns, y.row(m)); });
}

void rope(const RowVariant& variant, const Heads& x, int first_position, const RopeTable& table,
          parallel::ThreadPool& pool) {
  checked_element_count("rope: X", {x.tokens, x.heads, x.size});
  if (x.data == nullptr && x.tokens > 0 && x.heads > 0) refuse("rope", "X has no data");
  if (x.size != table.size()) {
    refuse("rope", text({"X is ", format_shape({x.tokens, x.heads, x.size}), ", the table is for D = ", table.size()}));
  }
  if ((x.tokens > 1 && x.token_stride < x.size) || (x.heads > 1 && x.head_stride < x.size)) {
    refuse("rope", text({"X's strides are ", x.token_stride, " and ", x.head_stride, "; its vectors of ", x.size,
                         " must be apart"}));
  }
  if (first_position < 0 || first_position > table.positions() - x.tokens) {
    refuse("rope", text({"positions ", first_position, " to ", static_cast<long long>(first_position) + x.tokens,
                         "; the table has ", table.positions()}));
  }
  for_each_row(variant, x.tokens, kRopeFlops * x.heads * x.size, pool, [&](int t) {
    const int position = first_position + t;
    for (int h = 0; h < x.heads; ++h) {
      variant.kernels->rope(x.at(t, h), x.size, table.cosines(position), table.sines(position));
    }
  });
}

}  // namespace optlab::attention
