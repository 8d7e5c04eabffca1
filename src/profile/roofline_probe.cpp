#include "profile/roofline_probe.h"

#include <algorithm>
#include <new>
#include <span>
#include <utility>

#include "core/buffer.h"
#include "profile/probe_kernels.h"

namespace optlab::profile {
namespace {

using detail::ComputeKernel;
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
        chosen(detail::probe_kernels().size(), 0),
        tuning(tuning_contenders(), tuning_options(max_seconds)),
        race(contenders(), race_options(max_seconds)) {}

  ThreadPool& pool;
  std::vector<Sink> sinks;
  AlignedBuffer<float> data;
  std::vector<std::size_t> chosen;  // per instruction set: which of its compute kernels
  std::vector<Peak> limits;         // what each lane of `race` measures; the values come from the lane
  Race tuning;
  Race race;

  void run_compute(const ComputeKernel& kernel, int threads) {
    pool.run(threads, [&](int worker) {
      float sum = 0.0F;
      for (int call = 0; call < kCallsPerRun; ++call) sum += kernel.run(kVectorSteps / kernel.chains, kScale, kOffset);
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

  static double flops(const ProbeKernels& kernels, int threads) {
    return 2.0 * kVectorSteps * kCallsPerRun * kernels.lanes * threads;
  }

  std::vector<Contender> tuning_contenders() {
    std::vector<Contender> result;
    for (const ProbeKernels* kernels : detail::probe_kernels()) {
      for (const ComputeKernel& kernel : kernels->compute) {
        result.push_back({std::string(kernels->name) + ", " + std::to_string(kernel.chains) + " chains",
                          [this, &kernel] { run_compute(kernel, 1); }, flops(*kernels, 1), 0.0});
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
    const auto all = detail::probe_kernels();
    for (const int threads : thread_counts()) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        const ProbeKernels& kernels = *all[i];
        limits.push_back({kernels.name, Peak::Kind::kCompute, threads, kernels.fused, 0.0, 0});
        result.push_back({"compute " + limits.back().name + ", " + format_threads(threads),
                          [this, &kernels, i, threads] { run_compute(kernels.compute[chosen[i]], threads); },
                          flops(kernels, threads), 0.0});
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

}  // namespace optlab::profile
