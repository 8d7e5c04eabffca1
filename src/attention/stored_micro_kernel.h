#pragma once

#include <cstdint>
#include <type_traits>

#include "attention/stored_kernels.h"
#include "simd/traits.h"
#include "simd/unroll.h"

/// The building blocks of `StoredKernels`, written once over a widening policy (simd/widen.h); nothing here may be a shared
/// inline function. The arithmetic is that of attention_micro_kernel.h on the expanded numbers.
namespace optlab::attention::detail {

using simd::unroll;

/// Halves: the policy loads them times 2^-112, and what they are multiplied with makes up for it. That is the same product,
/// bit for bit, since powers of two round nothing here.
template <class Widen>
struct HalfFormat {
  using Simd = typename Widen::Simd;
  using Number = std::uint16_t;
  static constexpr bool kScaled = false;
  static auto load(const Number* from) { return Widen::load_half(from); }
  static auto factor(const float* from) { return Simd::mul(Simd::load_splat(from), Simd::broadcast(0x1p112F)); }
};

template <class Widen>
struct Int8Format {
  using Simd = typename Widen::Simd;
  using Number = std::int8_t;
  static constexpr bool kScaled = true;
  static auto load(const Number* from) { return Widen::load_i8(from); }
  static auto factor(const float* from) { return Simd::load_splat(from); }
};

/// kPanels panels of keys side by side, all sums in registers while the loop walks down d; scales of int8 keys too.
template <class Format, int kPanels>
void stored_score_strip(const StoredScores& block, const typename Format::Number* keys, const float* key_scales,
                        float* to) noexcept {
  using Simd = typename Format::Simd;
  constexpr int kPairs = kPanelKeys / (2 * Simd::kLanes);
  typename Simd::F32 low[kPanels][kPairs], high[kPanels][kPairs];
  [[maybe_unused]] typename Simd::F32 low_scale[kPanels][kPairs], high_scale[kPanels][kPairs];
  const typename Format::Number* panel[kPanels];
  unroll<kPanels>([&](auto q) {
    panel[q] = keys + q * static_cast<std::ptrdiff_t>(block.size) * kPanelKeys;
    unroll<kPairs>([&](auto p) {
      low[q][p] = high[q][p] = Simd::zero();
      if constexpr (Format::kScaled) {
        const float* scale = key_scales + q * kPanelKeys + p * 2 * Simd::kLanes;
        low_scale[q][p] = Simd::load(scale);
        high_scale[q][p] = Simd::load(scale + Simd::kLanes);
      }
    });
  });
  const float* q_value = block.q;
  int steps = block.size;
  do {
    const auto value = Format::factor(q_value++);
    unroll<kPanels>([&](auto q) {
      unroll<kPairs>([&](auto p) {
        auto numbers = Format::load(panel[q] + p * 2 * Simd::kLanes);
        if constexpr (Format::kScaled) {
          numbers.low = Simd::mul(numbers.low, low_scale[q][p]);
          numbers.high = Simd::mul(numbers.high, high_scale[q][p]);
        }
        low[q][p] = Simd::mul_add(value, numbers.low, low[q][p]);
        high[q][p] = Simd::mul_add(value, numbers.high, high[q][p]);
      });
      panel[q] += kPanelKeys;
    });
  } while (--steps > 0);
  const auto scale = Simd::broadcast(block.scale);
  unroll<kPanels>([&](auto q) {
    unroll<kPairs>([&](auto p) {
      float* scores = to + q * kPanelKeys + p * 2 * Simd::kLanes;
      Simd::store(scores, Simd::mul(low[q][p], scale));
      Simd::store(scores + Simd::kLanes, Simd::mul(high[q][p], scale));
    });
  });
}

template <class Format, int kPanels>
void stored_scores(const StoredScores& block) noexcept {
  const auto* keys = reinterpret_cast<const typename Format::Number*>(block.keys);
  const std::ptrdiff_t panel = static_cast<std::ptrdiff_t>(block.size) * kPanelKeys;
  int done = 0;
  const auto strip = [&](auto count) {
    const std::ptrdiff_t first = std::ptrdiff_t{done} * kPanelKeys;
    stored_score_strip<Format, count>(block, keys + done * panel, Format::kScaled ? block.key_scales + first : nullptr,
                                      block.scores + first);
    done += count;
  };
  while (done + kPanels <= block.panels) strip(std::integral_constant<int, kPanels>{});
  if constexpr (kPanels > 1) {
    while (done < block.panels) strip(std::integral_constant<int, 1>{});
  }
}

/// kPairs pairs of vectors of the result.
template <class Format, int kPairs>
void stored_weigh_strip(const StoredWeigh& block, int column) noexcept {
  using Simd = typename Format::Simd;
  typename Simd::F32 low[kPairs], high[kPairs];
  float* out = block.out + column;
  unroll<kPairs>([&](auto p) {
    low[p] = Simd::load(out + p * 2 * Simd::kLanes);
    high[p] = Simd::load(out + p * 2 * Simd::kLanes + Simd::kLanes);
  });
  const auto* value = reinterpret_cast<const typename Format::Number*>(block.values) + column;
  const float* p_value = block.p;
  [[maybe_unused]] const float* value_scale = block.value_scales;
  int steps = block.keys;
  do {
    const auto weight = Format::factor(p_value++);
    [[maybe_unused]] typename Simd::F32 scale;
    if constexpr (Format::kScaled) scale = Simd::load_splat(value_scale++);
    unroll<kPairs>([&](auto p) {
      auto numbers = Format::load(value + p * 2 * Simd::kLanes);
      if constexpr (Format::kScaled) {
        numbers.low = Simd::mul(numbers.low, scale);
        numbers.high = Simd::mul(numbers.high, scale);
      }
      low[p] = Simd::mul_add(weight, numbers.low, low[p]);
      high[p] = Simd::mul_add(weight, numbers.high, high[p]);
    });
    value += block.size;
  } while (--steps > 0);
  unroll<kPairs>([&](auto p) {
    Simd::store(out + p * 2 * Simd::kLanes, low[p]);
    Simd::store(out + p * 2 * Simd::kLanes + Simd::kLanes, high[p]);
  });
}

/// All columns, by strips of kPairs pairs and then of half as many, down to kStoredGrain columns.
template <class Format, int kPairs>
int stored_weigh_columns(const StoredWeigh& block, int column) noexcept {
  constexpr int kWidth = 2 * kPairs * Format::Simd::kLanes;
  for (; column + kWidth <= block.size; column += kWidth) stored_weigh_strip<Format, kPairs>(block, column);
  if constexpr (kWidth > kStoredGrain) return stored_weigh_columns<Format, kPairs / 2>(block, column);
  return column;
}

template <class Format, int kPairs>
void stored_weigh(const StoredWeigh& block) noexcept {
  stored_weigh_columns<Format, kPairs>(block, 0);
}

template <class Widen>
void half_expand(const std::uint16_t* from, std::ptrdiff_t count, float* to) noexcept {
  using Simd = typename Widen::Simd;
  const auto factor = Simd::broadcast(0x1p112F);
  for (std::ptrdiff_t i = 0; i < count; i += kStoredGrain) {
    unroll<kStoredGrain / (2 * Simd::kLanes)>([&](auto p) {
      const auto numbers = Widen::load_half(from + i + p * 2 * Simd::kLanes);
      Simd::store(to + i + p * 2 * Simd::kLanes, Simd::mul(numbers.low, factor));
      Simd::store(to + i + p * 2 * Simd::kLanes + Simd::kLanes, Simd::mul(numbers.high, factor));
    });
  }
}

/// kPanels panels of halves at a time, kInt8Panels of bytes, whose scales take as many registers as their sums.
template <class Widen>
constexpr StoredKernels make_stored_kernels() {
  constexpr int kPanels = Widen::kPanels;
  constexpr int kInt8Panels = Widen::kBytePanels;
  constexpr int kPairs = Widen::Simd::kLanes == 1 ? 8 : 4;
  return {stored_scores<HalfFormat<Widen>, kPanels>, stored_weigh<HalfFormat<Widen>, kPairs>,
          stored_scores<Int8Format<Widen>, kInt8Panels>, stored_weigh<Int8Format<Widen>, kPairs>, half_expand<Widen>};
}

template <class Simd>
constinit const StoredKernels StoredKernelsOf<Simd>::kTable = make_stored_kernels<typename simd::WidenOf<Simd>::Type>();

}  // namespace optlab::attention::detail
