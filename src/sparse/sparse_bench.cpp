#include <benchmark/benchmark.h>

#include <string>

#include "core/rng.h"
#include "core/tensor.h"
#include "gemm/packed_matrix.h"
#include "sparse/crossover.h"

/// Google Benchmark over every rung and format, and the dense rung of the same name with its weights packed:
/// build/native/src/sparse/sparse_bench --benchmark_filter=fma. FLOP/s count the dense product, so rates compare directly.
namespace optlab::sparse {
namespace {

struct Dimensions {
  int M, K, N;
};

constexpr Dimensions kShapes[] = {{1, 1024, 1024}, {64, 784, 256}};

/// Runs multiply(a, c, context) in a loop.
template <class Multiply>
void measure(benchmark::State& state, const Dimensions& d, int threads, const Multiply& multiply) {
  Tensor a(Shape{d.M, d.K}), c(Shape{d.M, d.N});
  Rng(1, 0).fill_uniform(a.values(), -1.0F, 1.0F);
  parallel::ThreadPool pool(threads);
  Arena scratch;
  gemm::Context context{pool, scratch};
  for (auto _ : state) {
    multiply(a.matrix(), c.matrix(), context);
    benchmark::DoNotOptimize(c.values().data());
    benchmark::ClobberMemory();
  }
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * d.M * d.K * d.N, benchmark::Counter::kIsIterationInvariantRate,
                                                benchmark::Counter::kIs1000);
}

void dense(benchmark::State& state, const gemm::Variant& variant, Dimensions d, int threads) {
  Tensor w(Shape{d.K, d.N});
  Rng(1, 1).fill_uniform(w.values(), -1.0F, 1.0F);
  const gemm::PackedMatrix packed(variant, w.matrix());
  measure(state, d, threads, [&](ConstMatrixView a, MatrixView c, gemm::Context& context) {
    gemm::multiply(variant, a, packed, c, {}, context);
  });
}

void sparse(benchmark::State& state, const Variant& variant, Dimensions d, Format format, double density, int threads) {
  const BlockMatrix w = random_matrix(d.K, d.N, format, density, 2);
  measure(state, d, threads, [&](ConstMatrixView a, MatrixView c, gemm::Context& context) {
    multiply(variant, {a, w, c}, context);
  });
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(text.empty() ? "" : "/").append(part);
  return text;
}

void register_rung(const Variant& variant, const Dimensions& d) {
  const int threads = variant.threaded ? parallel::hardware_threads() : 1;
  const std::string shape = std::to_string(d.M) + "x" + std::to_string(d.K) + "x" + std::to_string(d.N);
  const std::string workers = "threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(joined({variant.name, "dense", shape, workers}).c_str(), dense,
                               gemm::variant(variant.name), d, threads)
      ->UseRealTime();
  for (const Format format : kFormats) {
    for (const int percent : {80, 90, 95}) {
      const std::string sparsity = "sparsity:" + std::to_string(percent);
      benchmark::RegisterBenchmark(joined({variant.name, name_of(format), shape, workers, sparsity}).c_str(), sparse,
                                   variant, d, format, 1.0 - percent / 100.0, threads)
          ->UseRealTime();
    }
  }
}

void register_all() {
  for (const Variant& variant : variants()) {
    for (const Dimensions& d : kShapes) {
      if (variant.supported()) register_rung(variant, d);
    }
  }
}

}  // namespace
}  // namespace optlab::sparse

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  optlab::sparse::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
