#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "attention/attention.h"
#include "attention/row_ops.h"
#include "core/buffer.h"
#include "core/rng.h"
#include "core/tensor.h"

/// Google Benchmark over every rung: build/native/src/attention/attention_bench --benchmark_filter=prefill
namespace optlab::attention {
namespace {

struct Setting {
  const char* name;
  int T, S, H, G, D;
};

constexpr Setting kSettings[] = {{"prefill", 256, 256, 6, 6, 64},
                                 {"token", 1, 192, 6, 6, 64},
                                 {"token", 1, 1024, 6, 6, 64},
                                 {"token_gqa", 1, 1024, 8, 2, 64}};

Tensor random_tensor(int tokens, int heads, int size, std::uint32_t stream, float reach) {
  Tensor tensor(Shape{tokens, heads, size});
  Rng(1, stream).fill_uniform(tensor.values(), -reach, reach);
  return tensor;
}

void attend_setting(benchmark::State& state, const Variant& variant, const Setting& s, int threads) {
  Tensor q = random_tensor(s.T, s.H, s.D, 0, 2.0F), k = random_tensor(s.S, s.G, s.D, 1, 2.0F),
         v = random_tensor(s.S, s.G, s.D, 2, 1.0F), out(Shape{s.T, s.H, s.D});
  Problem problem{.q = heads_view<const float>(q.values().data(), s.T, s.H, s.D),
                  .k = heads_view<const float>(k.values().data(), s.S, s.G, s.D),
                  .v = heads_view<const float>(v.values().data(), s.S, s.G, s.D),
                  .out = heads_view(out.values().data(), s.T, s.H, s.D),
                  .causal = true,
                  .first_query = s.S - s.T};
  const auto head_stride = static_cast<std::ptrdiff_t>(key_panel_floats(s.S, s.D));
  AlignedBuffer<float> panels(static_cast<std::size_t>(head_stride) * s.G);
  if (s.T < s.S) {  // a cache holds them so
    pack_keys(problem.k, 0, panels.data(), head_stride);
    problem.k_panels = {panels.data(), head_stride};
  }
  parallel::ThreadPool pool(threads);
  Arena scratch;
  Context context{pool, scratch};
  for (auto _ : state) {
    attend(variant, problem, context);
    benchmark::DoNotOptimize(out.values().data());
    benchmark::ClobberMemory();
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(flops(problem), benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
  state.counters["scratch"] = static_cast<double>(scratch.high_water());
}

using RowOperation = std::function<void(const RowVariant&, ConstMatrixView, MatrixView, parallel::ThreadPool&)>;

/// 256 rows of 384, the activations of a small transformer; bytes read and written.
void row_operation(benchmark::State& state, const RowVariant& variant, const RowOperation& run, int threads) {
  constexpr int M = 256, N = 384;
  Tensor x(Shape{M, N}), y(Shape{M, N});
  Rng(1, 0).fill_uniform(x.values(), -4.0F, 4.0F);
  parallel::ThreadPool pool(threads);
  for (auto _ : state) {
    run(variant, x.matrix(), y.matrix(), pool);
    benchmark::DoNotOptimize(y.values().data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * 8 * M * N);
}

void register_row_operations() {
  static const std::vector<float> ones(384, 1.0F);
  const std::pair<const char*, RowOperation> operations[] = {
      {"softmax", softmax},
      {"gelu", gelu},
      {"silu", silu},
      {"rms_norm", [](const auto& variant, auto x, auto y, auto& pool) { rms_norm(variant, x, ones, 1e-5F, y, pool); }},
      {"layer_norm",
       [](const auto& variant, auto x, auto y, auto& pool) { layer_norm(variant, x, ones, ones, 1e-5F, y, pool); }}};
  for (const auto& [name, run] : operations) {
    for (const RowVariant& variant : row_variants()) {
      if (!variant.supported()) continue;
      const int threads = variant.threaded ? parallel::hardware_threads() : 1;
      benchmark::RegisterBenchmark((std::string(name) + "/" + std::string(variant.name)).c_str(), row_operation,
                                   variant, run, threads)
          ->UseRealTime();
    }
  }
}

void register_all() {
  for (const Setting& setting : kSettings) {
    for (const Variant& variant : variants()) {
      if (!variant.supported()) continue;
      const int threads = variant.threaded ? parallel::hardware_threads() : 1;
      const std::string name = std::string(setting.name) + "/S:" + std::to_string(setting.S) + "/" +
                               std::string(variant.name) + "/threads:" + std::to_string(threads);
      benchmark::RegisterBenchmark(name.c_str(), attend_setting, variant, setting, threads)->UseRealTime();
    }
  }
  register_row_operations();
}

}  // namespace
}  // namespace optlab::attention

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  optlab::attention::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
