#include <benchmark/benchmark.h>

#include <string>

#include "conv/conv.h"
#include "conv/packed_filter.h"
#include "core/rng.h"
#include "core/tensor.h"

/// Google Benchmark over every rung: build/native/src/conv/conv_bench --benchmark_filter=implicit.
namespace optlab::conv {
namespace {

void convolve_shape(benchmark::State& state, const Variant& variant, const Geometry& g, int threads) {
  Tensor input(Shape{g.height, g.width, g.channels});
  Tensor weights(Shape{g.kernel_height, g.kernel_width, g.group_channels(), g.outputs});
  Tensor output(Shape{g.output_height(), g.output_width(), g.outputs});
  Tensor bias(Shape{g.outputs});
  Rng(1, 0).fill_uniform(input.values(), -1.0F, 1.0F);
  Rng(1, 1).fill_uniform(weights.values(), -1.0F, 1.0F);
  const PackedFilter filter(variant, g, weights.values());
  parallel::ThreadPool pool(threads);
  Arena scratch;
  Context context{pool, scratch};
  for (auto _ : state) {
    convolve(variant, g, input.values(), filter, output.values(), {bias.values().data(), Activation::kRelu}, context);
    benchmark::DoNotOptimize(output.values().data());
    benchmark::ClobberMemory();
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(g.flops(), benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
  state.counters["scratch"] = static_cast<double>(scratch.high_water());
}

constexpr Geometry kGeometries[] = {{1, 28, 28, 32, 64, 3, 3, 1, 1, 1, 1},     {1, 56, 56, 64, 64, 3, 3, 1, 1, 1, 1},
                                    {1, 224, 224, 3, 32, 3, 3, 1, 1, 1, 1},    {1, 28, 28, 128, 128, 1, 1, 1, 0, 1, 1},
                                    {1, 56, 56, 128, 128, 3, 3, 1, 1, 1, 128}, {1, 14, 14, 256, 256, 3, 3, 2, 1, 1, 1}};

void register_all() {
  for (const Variant& variant : variants()) {
    if (!variant.supported()) continue;
    const int threads = variant.threaded ? parallel::hardware_threads() : 1;
    for (const Geometry& g : kGeometries) {
      if (!variant.applies(g)) continue;
      const std::string name = std::string(variant.name) + "/" + std::to_string(g.kernel_height) + "x" +
                               std::to_string(g.kernel_width) + "_" + std::to_string(g.height) + "^2x" +
                               std::to_string(g.channels) + "to" + std::to_string(g.outputs) +
                               "/threads:" + std::to_string(threads);
      benchmark::RegisterBenchmark(name.c_str(), convolve_shape, variant, g, threads)->UseRealTime();
    }
  }
}

}  // namespace
}  // namespace optlab::conv

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  optlab::conv::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
