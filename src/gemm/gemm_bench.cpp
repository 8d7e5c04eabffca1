#include <benchmark/benchmark.h>

#include <string>

#include "core/rng.h"
#include "core/tensor.h"
#include "gemm/gemm.h"

/// Google Benchmark over every rung: build/native/src/gemm/gemm_bench --benchmark_filter=simd. For figures to quote prefer
/// `optlab bench gemm`, which interleaves the rungs.
namespace optlab::gemm {
namespace {

void multiply_shape(benchmark::State& state, const Variant& variant, int M, int K, int N, int threads) {
  Tensor a(Shape{M, K}), b(Shape{K, N}), c(Shape{M, N});
  Rng(1, 0).fill_uniform(a.values(), -1.0F, 1.0F);
  Rng(1, 1).fill_uniform(b.values(), -1.0F, 1.0F);
  parallel::ThreadPool pool(threads);
  Arena scratch;
  Context context{pool, scratch};
  for (auto _ : state) {
    multiply(variant, {a.matrix(), b.matrix(), c.matrix(), {}}, context);
    benchmark::DoNotOptimize(c.values().data());
    benchmark::ClobberMemory();
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(2.0 * M * K * N, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
  state.counters["scratch"] = static_cast<double>(scratch.high_water());
}

struct Dimensions {
  int M, K, N;
};

constexpr Dimensions kShapes[] = {{128, 128, 128}, {256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024},
                                  {64, 784, 256},  {1, 512, 512},   {1, 1024, 1024}, {1, 2048, 2048}};

void register_all() {
  for (const Variant& variant : variants()) {
    if (!variant.supported()) continue;
    const int threads = variant.threaded ? parallel::hardware_threads() : 1;
    for (const auto& [M, K, N] : kShapes) {
      const std::string name = std::string(variant.name) + "/" + std::to_string(M) + "x" + std::to_string(K) + "x" +
                               std::to_string(N) + "/threads:" + std::to_string(threads);
      benchmark::RegisterBenchmark(name.c_str(), multiply_shape, variant, M, K, N, threads)->UseRealTime();
    }
  }
}

}  // namespace
}  // namespace optlab::gemm

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  optlab::gemm::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
