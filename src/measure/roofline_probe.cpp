#include "measure/roofline_probe.h"

#include <algorithm>
#include <new>
#include <span>
#include <utility>

#include "core/buffer.h"
#include "measure/probe_kernels.h"

namespace optlab::measure {
namespace {

using detail::Int8Probe;
using detail::ProbeKernels;
using parallel::ThreadPool;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::size_t kWorkingSets[] = {256 * kKiB, 4 * kMiB, 16 * kMiB, 64 * kMiB};

// Multiply-adds on vectors in one call of a kernel: divisible by every number of chains, 10 to 50 µs long.
constexpr int kVectorSteps = 240 * 200;
constexpr int kCallsPerRun = 16;  // so that starting the threads (about 1 µs) doesn't show
// Read by one call of the sum, small against a millisecond.
constexpr std::size_t kBlockFloats = 64 * kKiB / sizeof(float);
// A small buffer is read several times a run, for the same reason.
constexpr std::size_t kBytesPerRun = 4 * kMiB;

// x = x/2 + 1 tends to 2: neither overflows nor becomes denormal.
constexpr float kScale = 0.5F;
constexpr float kOffset = 1.0F;

constexpr int kWidest = 64;  // bytes of a vector

/// What integers are multiplied: bytes of which no two neighbours are the same, activations of seven bits.
struct alignas(kWidest) Operands {
  std::byte weights[(detail::kInt8Windows * detail::kInt8MostVectors) * kWidest];
  std::byte activations[8];

  Operands() {
    for (std::size_t i = 0; i < std::size(weights); ++i) weights[i] = static_cast<std::byte>(i * 89 + 7);
    for (std::size_t i = 0; i < std::size(activations); ++i)
      activations[i] = static_cast<std::byte>((i * 53 + 11) % 128);
  }
};

/// A mix of instructions: of floats or of integers.
struct Mix {
  const ProbeKernels* floats;
  const Int8Probe* integers;

  const char* name() const { return floats != nullptr ? floats->name : integers->name; }
  int chains(std::size_t choice) const {
    return floats != nullptr ? floats->compute[choice].chains : integers->compute[choice].chains;
  }
  /// Operations of a run by one thread.
  double operations() const {
    const int products = floats != nullptr ? floats->lanes : integers->lanes * integers->group;
    return 2.0 * kVectorSteps * kCallsPerRun * products;
  }
  /// The result says nothing; it has to be used.
  float run(std::size_t choice, const Operands& operands) const {
    const int steps = kVectorSteps / chains(choice);
    if (floats != nullptr) return floats->compute[choice].run(steps, kScale, kOffset);
    std::int32_t sums[2 * detail::kInt8MostVectors * kWidest / 4];
    integers->compute[choice].run(steps, operands.activations, operands.weights, sums);
    return static_cast<float>(sums[0]);
  }
  Peak limit(int threads) const {
    const bool fused = floats != nullptr && floats->fused;
    return {name(), floats != nullptr ? Peak::Kind::kCompute : Peak::Kind::kInteger, threads, fused, 0.0, 0};
  }
};

std::vector<Mix> all_mixes() {
  std::vector<Mix> mixes;
  for (const ProbeKernels* kernels : detail::probe_kernels()) mixes.push_back({kernels, nullptr});
  for (const Int8Probe* probe : detail::int8_probes()) mixes.push_back({nullptr, probe});
  return mixes;
}

/// Where results go, one cache line a worker, so that no compiler can call the work useless.
struct alignas(kCacheLine) Sink {
  volatile float value = 0.0F;
};

/// The largest working set that can be allocated; empty if none can. All ones, since untouched pages may all be one
/// page of zeros.
AlignedBuffer<float> allocate_working_set() {
  for (std::size_t i = std::size(kWorkingSets); i-- > 0;) {
    try {
      AlignedBuffer<float> data(kWorkingSets[i] / sizeof(float));
      std::fill_n(data.data(), data.size(), 1.0F);
      return data;
    } catch (const std::bad_alloc&) {
      continue;
    }
  }
  return {};
}

std::string format_bytes(std::size_t bytes) {
  return bytes >= kMiB ? std::to_string(bytes / kMiB) + " MiB" : std::to_string(bytes / kKiB) + " KiB";
}

std::string format_threads(int threads) { return std::to_string(threads) + (threads == 1 ? " thread" : " threads"); }

constexpr double kTuningShare = 0.2;

SamplingOptions options_for(double max_seconds) {
  SamplingOptions options;
  options.max_seconds = max_seconds;
  return options;
}

/// Many batches, each shorter than a scheduler's time slice, so that on a busy machine, too, some are undisturbed.
SamplingOptions race_options(double max_seconds) {
  SamplingOptions options = options_for((1.0 - kTuningShare) * max_seconds);
  options.batch_seconds = 0.002;
  options.least_batches = 25;
  return options;
}

/// To choose between numbers of chains, rough times do.
SamplingOptions tuning_options(double max_seconds) {
  SamplingOptions options = options_for(kTuningShare * max_seconds);
  options.batch_seconds = 0.002;
  options.target = 0.05;
  return options;
}

}  // namespace

struct RooflineProbe::State {
  State(ThreadPool& thread_pool, double max_seconds)
      : pool(thread_pool),
        sinks(static_cast<std::size_t>(thread_pool.threads())),
        data(allocate_working_set()),
        mixes(all_mixes()),
        chosen(mixes.size(), 0),
        tuning(tuning_contenders(), tuning_options(max_seconds)),
        race(contenders(), race_options(max_seconds)) {}

  ThreadPool& pool;
  std::vector<Sink> sinks;
  AlignedBuffer<float> data;
  Operands operands;
  std::vector<Mix> mixes;
  std::vector<std::size_t> chosen;  // per mix: which of its kernels
  std::vector<Peak> limits;         // what each lane of `race` measures; the values come from the lane
  Race tuning;
  Race race;

  void run_compute(const Mix& mix, std::size_t choice, int threads) {
    pool.run(threads, [&](int worker) {
      float sum = 0.0F;
      for (int call = 0; call < kCallsPerRun; ++call) sum += mix.run(choice, operands);
      sinks[static_cast<std::size_t>(worker)].value = sum;
    });
  }

  void run_memory(std::size_t bytes, int threads) {
    const int blocks = static_cast<int>(bytes / (kBlockFloats * sizeof(float)));
    const std::size_t passes = passes_over(bytes);
    const ProbeKernels& kernels = detail::widest_exact();
    pool.run(threads, [&](int worker) {
      const parallel::Range part = parallel::partition(blocks, threads, worker);
      float sum = 0.0F;
      for (std::size_t pass = 0; pass < passes; ++pass) {
        for (int block = part.begin; block < part.end; ++block) {
          sum += kernels.sum(data.data() + static_cast<std::size_t>(block) * kBlockFloats, kBlockFloats);
        }
      }
      sinks[static_cast<std::size_t>(worker)].value = sum;
    });
  }

  static std::size_t passes_over(std::size_t bytes) { return std::max<std::size_t>(1, kBytesPerRun / bytes); }

  std::vector<Contender> tuning_contenders() {
    std::vector<Contender> result;
    for (const Mix& mix : mixes) {
      for (std::size_t choice = 0; choice < detail::kChainCounts; ++choice) {
        result.push_back({std::string(mix.name()) + ", " + std::to_string(mix.chains(choice)) + " chains",
                          [this, &mix, choice] { run_compute(mix, choice, 1); }, mix.operations(), 0.0});
      }
    }
    return result;
  }

  std::vector<int> thread_counts() const {
    if (pool.threads() == 1) return {1};
    return {1, pool.threads()};
  }

  /// Also fills `limits`, one for each.
  std::vector<Contender> contenders() {
    std::vector<Contender> result;
    for (const int threads : thread_counts()) {
      for (std::size_t i = 0; i < mixes.size(); ++i) {
        const Mix& mix = mixes[i];
        limits.push_back(mix.limit(threads));
        result.push_back({"compute " + limits.back().name + ", " + format_threads(threads),
                          [this, &mix, i, threads] { run_compute(mix, chosen[i], threads); },
                          mix.operations() * threads, 0.0});
      }
    }
    for (const int threads : thread_counts()) {
      for (const std::size_t bytes : kWorkingSets) {
        if (bytes > data.size() * sizeof(float)) continue;
        limits.push_back({format_bytes(bytes), Peak::Kind::kMemory, threads, false, 0.0, bytes});
        const double moved = static_cast<double>(bytes) * static_cast<double>(passes_over(bytes));
        result.push_back({"read " + limits.back().name + ", " + format_threads(threads),
                          [this, bytes, threads] { run_memory(bytes, threads); }, 0.0, moved});
      }
    }
    return result;
  }

  void choose_chains() {
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const auto fastest = [&](std::size_t c) {
        return tuning.lane(static_cast<int>(i * detail::kChainCounts + c)).statistics->min;
      };
      for (std::size_t c = 1; c < detail::kChainCounts; ++c) {
        if (fastest(c) < fastest(chosen[i])) chosen[i] = c;
      }
    }
  }
};

RooflineProbe::RooflineProbe(ThreadPool& pool, double max_seconds)
    : state_(std::make_unique<State>(pool, max_seconds)) {}

RooflineProbe::~RooflineProbe() = default;

bool RooflineProbe::step() {
  State& state = *state_;
  if (state.tuning.finished()) return state.race.step();
  if (!state.tuning.step()) state.choose_chains();
  return true;
}

double RooflineProbe::progress() const {
  return kTuningShare * state_->tuning.progress() + (1.0 - kTuningShare) * state_->race.progress();
}

const Race& RooflineProbe::race() const { return state_->race; }

std::vector<Peak> RooflineProbe::peaks() const {
  std::vector<Peak> result;
  for (int i = 0; i < state_->race.size(); ++i) {
    const Lane lane = state_->race.lane(i);
    if (!lane.statistics || lane.statistics->min <= 0.0) continue;
    Peak peak = state_->limits[static_cast<std::size_t>(i)];
    peak.value = (lane.flops + lane.bytes) / lane.statistics->min;  // one of the two is 0
    result.push_back(std::move(peak));
  }
  return result;
}

}  // namespace optlab::measure
