#include <benchmark/benchmark.h>

#include <string>

#include "lm/decoder.h"

/// Decoding with the shapes of tools/bench-peers: 6 layers, 512 tokens, random weights.
namespace optlab::lm {
namespace {

struct Setting {
  int dim;
  WeightFormat weights;
  kvcache::Policy cache;
  int threads;
  gemm::Mode mode;
  int sequences = 1;
};

Lm random_model(int dim) {
  Lm model({.vocab = 512,
            .dim = dim,
            .layers = 6,
            .heads = dim / 64,
            .kv_heads = dim / 64,
            .hidden = dim * 8 / 3 / 16 * 16,
            .positions = 2304});
  model.initialize(1);
  return model;
}

struct Bench {
  explicit Bench(const Setting& s)
      : pool(s.threads),
        context{pool, scratch},
        compute{nullptr, context, s.mode},
        model(random_model(s.dim)),
        decoder(model, {s.cache, s.weights, s.sequences}, compute),
        ids(2304, 7) {}

  parallel::ThreadPool pool;
  Arena scratch;
  gemm::Context context;
  nn::Compute compute;
  Lm model;
  Decoder decoder;
  std::vector<std::int32_t> ids;
};

/// One token after `position` others.
void step(benchmark::State& state, const Setting& setting, int position) {
  Bench bench(setting);
  const std::span<const std::int32_t> ids = bench.ids;
  bench.decoder.feed(ids.first(static_cast<std::size_t>(position)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(bench.decoder.feed(ids.first(1)).data());
    bench.decoder.truncate(position);
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["MB"] = static_cast<double>(bench.decoder.weight_bytes()) / 1e6;
}

/// One token each of some sequences, after `position` others.
void batch(benchmark::State& state, const Setting& setting, int position) {
  Bench bench(setting);
  std::vector<NextToken> tokens;
  Tensor logits(Shape{setting.sequences, bench.model.config().vocab});
  for (int s = 0; s < setting.sequences; ++s) {
    bench.decoder.feed(std::span(bench.ids).first(static_cast<std::size_t>(position)), s);
    tokens.push_back({s, 7});
  }
  for (auto _ : state) {
    bench.decoder.step(tokens, logits.matrix());
    for (int s = 0; s < setting.sequences; ++s) bench.decoder.truncate(position, s);
  }
  state.SetItemsProcessed(state.iterations() * setting.sequences);
}

void prefill(benchmark::State& state, const Setting& setting, int tokens) {
  Bench bench(setting);
  for (auto _ : state) {
    bench.decoder.truncate(0);
    benchmark::DoNotOptimize(bench.decoder.feed(std::span(bench.ids).first(static_cast<std::size_t>(tokens))).data());
  }
  state.SetItemsProcessed(state.iterations() * tokens);
}

void add(const std::string& name, void (*body)(benchmark::State&, const Setting&, int), const Setting& setting,
         int at) {
  benchmark::RegisterBenchmark(name.c_str(), body, setting, at)->UseRealTime();
}

void register_all() {
  for (const int threads : {1, parallel::hardware_threads()}) {
    for (const gemm::Mode mode : {gemm::Mode::kExact, gemm::Mode::kFast}) {
      for (const int dim : {384, 256}) {
        for (const WeightFormat weights :
             {WeightFormat::kFloat32, WeightFormat::kFloat16, WeightFormat::kInt8, WeightFormat::kInt4}) {
          const Setting setting{dim, weights, {}, threads, mode};
          const std::string name = "d:" + std::to_string(dim) + "/" + std::string(name_of(weights)) + "/" +
                                   (mode == gemm::Mode::kExact ? "exact" : "fast") +
                                   "/threads:" + std::to_string(threads);
          add("step_224/" + name, step, setting, 224);
          add("prefill_256/" + name, prefill, setting, 256);
        }
      }
    }
  }
  for (const int threads : {1, parallel::hardware_threads()}) {
    for (const WeightFormat weights : {WeightFormat::kFloat32, WeightFormat::kFloat16, WeightFormat::kInt8,
                                       WeightFormat::kInt4, WeightFormat::kInt8Dot}) {
      for (const int sequences : {1, 2, 4, 6, 8, 10, 12, 16, 24, 32}) {
        add("batch_32/d:384/" + std::string(name_of(weights)) + "/exact/threads:" + std::to_string(threads) +
                "/sequences:" + std::to_string(sequences),
            batch, {384, weights, {}, threads, gemm::Mode::kExact, sequences}, 32);
      }
    }
  }
  for (const auto storage : {kvcache::Storage::kFloat32, kvcache::Storage::kFloat16, kvcache::Storage::kInt8}) {
    add("prefill_1024/d:256/" + std::string(kvcache::name_of(storage)), prefill,
        {256, WeightFormat::kFloat32, {.storage = storage}, 1, gemm::Mode::kExact}, 1024);
  }
  for (const int position : {0, 128, 256, 512, 1024, 2048}) {
    for (const auto storage : {kvcache::Storage::kFloat32, kvcache::Storage::kFloat16, kvcache::Storage::kInt8}) {
      add("step/d:256/at:" + std::to_string(position) + "/" + std::string(kvcache::name_of(storage)), step,
          {256, WeightFormat::kFloat32, {.storage = storage}, 1, gemm::Mode::kExact}, std::max(position, 1));
    }
  }
}

}  // namespace
}  // namespace optlab::lm

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  optlab::lm::register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
