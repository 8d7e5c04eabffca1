#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure/probe_kernels.h"
#include "measure/roofline_probe.h"

namespace optlab::measure {
namespace {

// AArch64 tests often run in an emulator, where a vector instruction costs as much as its lanes.
#if defined(__aarch64__)
constexpr bool kRatiosMeanSomething = false;
#else
constexpr bool kRatiosMeanSomething = true;
#endif

// A probe whose loop is optimized away or wrong measures nothing, so check that the work is done.
TEST(ProbeKernels, ChainsComputeTheRecurrence) {
  for (const auto* kernels : detail::probe_kernels()) {
    for (const auto& kernel : kernels->compute) {
      for (int iterations : {0, 1, 2, 7}) {
        float x = 0.0F;  // with these factors every step is exact, fused or not
        for (int i = 0; i < iterations; ++i) x = x * 0.5F + 1.0F;
        EXPECT_EQ(kernel.run(iterations, 0.5F, 1.0F), x * static_cast<float>(kernel.chains * kernels->lanes))
            << kernels->name << ", " << kernel.chains << " chains, " << iterations << " iterations";
      }
    }
  }
}

/// Element e of operands as a probe with groups of so many elements reads them.
int element(const std::vector<std::byte>& bytes, int group, bool is_signed, int e) {
  const auto byte = [&](int i) { return std::to_integer<int>(bytes[static_cast<std::size_t>(i)]); };
  if (group == 2) return static_cast<std::int16_t>(byte(2 * e) + 256 * byte(2 * e + 1));
  return is_signed ? static_cast<std::int8_t>(byte(e)) : byte(e);
}

/// Sum number `index` of a probe's result, by the definition.
std::int32_t expected_dot(const detail::Int8Probe& probe, int chains, int steps,
                          const std::vector<std::byte>& activations, const std::vector<std::byte>& weights, int index) {
  std::uint32_t sum = 0;
  const int chain = index / probe.lanes, lane = index % probe.lanes, vectors = chains / 2;
  for (int step = steps; step > 0; --step) {
    for (int g = 0; g < probe.group; ++g) {
      const int vector = step % detail::kInt8Windows * vectors + chain % vectors;
      const int a = element(activations, probe.group, false, chain / vectors * probe.group + g);
      const int w = element(weights, probe.group, true, (vector * probe.lanes + lane) * probe.group + g);
      sum += static_cast<std::uint32_t>(a * w);
    }
  }
  return static_cast<std::int32_t>(sum);
}

TEST(ProbeKernels, IntegerChainsAddUpEveryProduct) {
  std::vector<std::byte> activations, weights;
  for (const int a : {127, 3, 90, 14, 66, 8, 111, 1}) activations.push_back(static_cast<std::byte>(a));
  for (int i = 0; i < 64 * (detail::kInt8Windows * detail::kInt8MostVectors); ++i) {
    weights.push_back(static_cast<std::byte>(i * i * 7 + i / 3));
  }
  for (const auto* probe : detail::int8_probes()) {
    for (const auto& kernel : probe->compute) {
      for (int steps : {1, 2, 50}) {
        std::vector<std::int32_t> got(static_cast<std::size_t>(kernel.chains * probe->lanes));
        kernel.run(steps, activations.data(), weights.data(), got.data());
        for (int i = 0; i < kernel.chains * probe->lanes; ++i) {
          ASSERT_EQ(got[static_cast<std::size_t>(i)],
                    expected_dot(*probe, kernel.chains, steps, activations, weights, i))
              << probe->name << ", " << kernel.chains << " chains, " << steps << " steps, sum " << i;
        }
      }
    }
  }
}

TEST(ProbeKernels, SumsReadEveryElementOnce) {
  std::vector<float> data(1000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<float>(i % 17);
  for (const auto* kernels : detail::probe_kernels()) {
    for (std::size_t count : {0U, 1U, 7U, 31U, 64U, 65U, 127U, 509U, 999U}) {
      float want = 0.0F;
      for (std::size_t i = 0; i < count; ++i) want += data[i];
      EXPECT_EQ(kernels->sum(data.data(), count), want) << kernels->name << ", " << count << " elements";
    }
  }
}

TEST(ProbeKernels, NarrowestFirstAndScalarAlways) {
  const auto all = detail::probe_kernels();
  ASSERT_FALSE(all.empty());
  EXPECT_STREQ(all.front()->name, "scalar");
  EXPECT_FALSE(detail::widest_exact().fused);
}

TEST(RooflineProbe, MeasuresEveryLimitOfThisDevice) {
  parallel::ThreadPool pool(2);
  RooflineProbe probe(pool, 3.0);
  const auto lanes = static_cast<std::size_t>(probe.race().size());
  EXPECT_TRUE(probe.peaks().empty());
  double last = 0.0;
  while (probe.step()) {
    EXPECT_GE(probe.progress(), last);
    last = probe.progress();
  }
  EXPECT_DOUBLE_EQ(probe.progress(), 1.0);

  const std::vector<Peak> peaks = probe.peaks();
  ASSERT_EQ(peaks.size(), lanes);
  const std::size_t counts = pool.threads() == 1 ? 1 : 2;
  EXPECT_EQ(peaks.size(), counts * (detail::probe_kernels().size() + detail::int8_probes().size() + 4));
  double scalar = 0.0;
  double widest = 0.0;
  for (const Peak& peak : peaks) {
    std::printf("  %-26s %d thread(s): %7.2f %s\n", peak.name.c_str(), peak.threads, peak.value * 1e-9,
                peak.kind == Peak::Kind::kCompute   ? "GFLOP/s"
                : peak.kind == Peak::Kind::kInteger ? "GOP/s"
                                                    : "GB/s");
    EXPECT_TRUE(std::isfinite(peak.value) && peak.value > 0.0) << peak.name;
    EXPECT_EQ(peak.bytes > 0, peak.kind == Peak::Kind::kMemory) << peak.name;
    if (peak.kind != Peak::Kind::kCompute || peak.threads != 1) continue;
    if (peak.name == "scalar") scalar = peak.value;
    if (peak.name == detail::widest_exact().name) widest = peak.value;
  }
  if (kRatiosMeanSomething && detail::widest_exact().lanes > 1) {
    EXPECT_GT(widest, 1.2 * scalar);
  }
}

TEST(RooflineProbe, RefusesNoTime) {
  parallel::ThreadPool pool(1);
  EXPECT_THROW(RooflineProbe(pool, 0.0), std::invalid_argument);
  EXPECT_THROW(RooflineProbe(pool, std::nan("")), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::measure
