#pragma once

#include "conv/conv_kernels.h"
#include "simd/unroll.h"

/// The building blocks of `Kernels`, written once over a SIMD policy. Files that include this are compiled for one ISA,
/// so nothing here may be a shared inline function: everything is a template over the policy.
namespace optlab::conv::detail {

using simd::unroll;

/// The register tile of a matrix product, but the rows of A lie wherever the windows of kRows pixels point: it walks
/// one stretch after the other and never leaves the registers in between. `task.tiles` of them, one below the other: with
/// K = 27 a call for each would cost a tenth.
template <class Simd, int kRows, int kVectors>
void tile(const Task& task) noexcept {
  constexpr int kLanes = Simd::kLanes;
  const float* const* rows = task.rows;
  // Copies, since for all the compiler knows a store to the output changes the task.
  float* output = task.output;
  const std::ptrdiff_t pixel_stride = task.pixel_stride;
  const int length = task.length;
  int tiles = task.tiles;
  do {  // all loops run at least once, or GCC keeps the sums in memory
    typename Simd::F32 sums[kRows][kVectors];
    unroll<kRows>([&](auto r) { unroll<kVectors>([&](auto v) { sums[r][v] = Simd::zero(); }); });
    const float* weights = task.weights;
    int segments = task.segments;
    do {
      const float* a[kRows];
      unroll<kRows>([&](auto r) { a[r] = rows[r]; });
      int steps = length;
      do {
        typename Simd::F32 b[kVectors];
        unroll<kVectors>([&](auto v) { b[v] = Simd::load(weights + v * kLanes); });
        unroll<kRows>([&](auto r) {
          const auto scale = Simd::load_splat(a[r]);
          unroll<kVectors>([&](auto v) { sums[r][v] = Simd::mul_add(scale, b[v], sums[r][v]); });
        });
        unroll<kRows>([&](auto r) { ++a[r]; });
        weights += kVectors * kLanes;
      } while (--steps > 0);
      rows += kRows;
    } while (--segments > 0);
    const auto floor = Simd::broadcast(task.floor);
    const float* bias_values = task.bias;
    typename Simd::F32 bias[kVectors];
    unroll<kVectors>([&](auto v) { bias[v] = Simd::load(bias_values + v * kLanes); });
    unroll<kRows>([&](auto r) {
      unroll<kVectors>([&](auto v) {
        // In this order a NaN stays a NaN.
        Simd::store(output + v * kLanes, Simd::max(floor, Simd::add(sums[r][v], bias[v])));
      });
      output += pixel_stride;
    });
  } while (--tiles > 0);
}

/// Output channels [first, first + kVectors vectors) of one pixel.
template <class Simd, int kVectors, class Load, class Store>
[[gnu::always_inline]] inline void direct_block(const Task& task, int first, const Load& load,
                                                const Store& store) noexcept {
  constexpr int kLanes = Simd::kLanes;
  typename Simd::F32 sums[kVectors];
  unroll<kVectors>([&](auto v) { sums[v] = Simd::zero(); });
  const float* weights = task.weights + first;
  for (int s = 0; s < task.segments; ++s) {
    const float* a = task.rows[s];
    int steps = task.length;
    do {
      const auto scale = Simd::load_splat(a++);
      unroll<kVectors>([&](auto v) { sums[v] = Simd::mul_add(scale, load(weights + v * kLanes), sums[v]); });
      weights += task.weight_stride;
    } while (--steps > 0);
  }
  const auto floor = Simd::broadcast(task.floor);
  unroll<kVectors>([&](auto v) {
    const int n = first + v * kLanes;
    store(task.output + n, Simd::max(floor, Simd::add(sums[v], Simd::load(task.bias + n))));
  });
}

template <class Simd>
void direct(const Task& task) noexcept {
  constexpr int kLanes = Simd::kLanes;
  const auto load = [](const float* from) { return Simd::load(from); };
  const auto store = [](float* to, typename Simd::F32 value) { Simd::store(to, value); };
  int n = 0;
  for (; n + kDirectVectors * kLanes <= task.columns; n += kDirectVectors * kLanes) {
    direct_block<Simd, kDirectVectors>(task, n, load, store);
  }
  for (; n + kLanes <= task.columns; n += kLanes) direct_block<Simd, 1>(task, n, load, store);
  if (const int rest = task.columns - n; rest > 0) {
    direct_block<Simd, 1>(
        task, n, [rest](const float* from) { return Simd::load_first(from, rest); },
        [rest](float* to, typename Simd::F32 value) { Simd::store_first(to, value, rest); });
  }
}

/// Channels [first, first + kVectors vectors) of kRows pixels, output j of each channel.
template <class Simd, int kRows, int kVectors, class Load, class Store>
[[gnu::always_inline]] inline void depthwise_block(const Task& task, int first, int j, const Load& load,
                                                   const Store& store) noexcept {
  constexpr int kLanes = Simd::kLanes;
  typename Simd::F32 sums[kRows][kVectors];
  unroll<kRows>([&](auto r) { unroll<kVectors>([&](auto v) { sums[r][v] = Simd::zero(); }); });
  const float* weights = task.weights + j * task.segments * task.weight_stride + first;
  const float* const* rows = task.rows;
  int segments = task.segments;
  do {
    typename Simd::F32 w[kVectors];
    unroll<kVectors>([&](auto v) { w[v] = Simd::load(weights + v * kLanes); });
    unroll<kRows>([&](auto r) {
      const float* a = rows[r] + first;
      unroll<kVectors>([&](auto v) { sums[r][v] = Simd::mul_add(load(a + v * kLanes), w[v], sums[r][v]); });
    });
    rows += kRows;
    weights += task.weight_stride;
  } while (--segments > 0);
  const auto floor = Simd::broadcast(task.floor);
  unroll<kVectors>([&](auto v) {
    const int c = first + v * kLanes;
    const auto bias = Simd::load(task.bias + j * task.weight_stride + c);
    unroll<kRows>(
        [&](auto r) { store(task.output + r * task.pixel_stride, c, Simd::max(floor, Simd::add(sums[r][v], bias))); });
  });
}

template <class Simd, int kRows>
void depthwise(const Task& task) noexcept {
  using Vector = typename Simd::F32;
  constexpr int kLanes = Simd::kLanes;
  const int multiplier = task.multiplier;
  for (int j = 0; j < multiplier; ++j) {
    int c = 0;
    if (multiplier == 1) {
      const auto load = [](const float* from) { return Simd::load(from); };
      const auto store = [](float* pixel, int at, Vector value) { Simd::store(pixel + at, value); };
      if constexpr (kRows == kDepthwiseRows) {  // the others are edges, and code has a size
        for (; c + 2 * kLanes <= task.columns; c += 2 * kLanes)
          depthwise_block<Simd, kRows, 2>(task, c, j, load, store);
      }
      for (; c + kLanes <= task.columns; c += kLanes) depthwise_block<Simd, kRows, 1>(task, c, j, load, store);
    }
    for (; c < task.columns;
         c += kLanes) {  // the last channels, or several outputs of a channel, which lie side by side
      const int count = task.columns - c < kLanes ? task.columns - c : kLanes;
      depthwise_block<Simd, kRows, 1>(
          task, c, j, [count](const float* from) { return Simd::load_first(from, count); },
          [&](float* pixel, int at, Vector value) {
            float lanes[kLanes];
            Simd::store(lanes, value);
            for (int i = 0; i < count; ++i) pixel[(at + i) * multiplier + j] = lanes[i];
          });
    }
  }
}

/// Bᵀ·x for the four values of a column or row of a tile.
template <class Simd>
[[gnu::always_inline]] inline void winograd_in(const typename Simd::F32 (&x)[4], typename Simd::F32 (&y)[4]) noexcept {
  y[0] = Simd::sub(x[0], x[2]);
  y[1] = Simd::add(x[1], x[2]);
  y[2] = Simd::sub(x[2], x[1]);
  y[3] = Simd::sub(x[1], x[3]);
}

/// tile[4i+j] = (Bᵀ·d·B)[i][j] for every channel.
template <class Simd, class Load, class Store>
[[gnu::always_inline]] inline void winograd_input_block(const WinogradTask& task, int c, const Load& load,
                                                        const Store& store) noexcept {
  typename Simd::F32 half[4][4];  // [column][row] of Bᵀ·d
  unroll<4>([&](auto j) {
    typename Simd::F32 column[4];
    unroll<4>([&](auto i) { column[i] = load(task.from[4 * i + j] + c); });
    winograd_in<Simd>(column, half[j]);
  });
  unroll<4>([&](auto i) {
    const typename Simd::F32 row[4] = {half[0][i], half[1][i], half[2][i], half[3][i]};
    typename Simd::F32 whole[4];
    winograd_in<Simd>(row, whole);
    unroll<4>([&](auto j) { store(task.tile + (4 * i + j) * task.stride + c, whole[j]); });
  });
}

template <class Simd>
void winograd_input(const WinogradTask& task) noexcept {
  using Vector = typename Simd::F32;
  int c = 0;
  for (; c + Simd::kLanes <= task.columns; c += Simd::kLanes) {
    winograd_input_block<Simd>(
        task, c, [](const float* from) { return Simd::load(from); },
        [](float* to, Vector value) { Simd::store(to, value); });
  }
  if (const int rest = task.columns - c; rest > 0) {
    winograd_input_block<Simd>(
        task, c, [rest](const float* from) { return Simd::load_first(from, rest); },
        [rest](float* to, Vector value) { Simd::store_first(to, value, rest); });
  }
}

/// to[2i+j] = activation((Aᵀ·tile·A)[i][j] + bias) for every output channel; the tile's rows are whole vectors.
template <class Simd>
void winograd_output(const WinogradTask& task) noexcept {
  for (int n = 0; n < task.columns; n += Simd::kLanes) {
    typename Simd::F32 half[4][2];  // [column][row] of Aᵀ·tile
    unroll<4>([&](auto j) {
      typename Simd::F32 x[4];
      unroll<4>([&](auto i) { x[i] = Simd::load(task.tile + (4 * i + j) * task.stride + n); });
      half[j][0] = Simd::add(Simd::add(x[0], x[1]), x[2]);
      half[j][1] = Simd::sub(Simd::sub(x[1], x[2]), x[3]);
    });
    const auto floor = Simd::broadcast(task.floor);
    const auto bias = Simd::load(task.bias + n);
    const int rest = task.columns - n;
    const auto put = [&](float* pixel, typename Simd::F32 value) {
      if (pixel == nullptr) return;
      value = Simd::max(floor, Simd::add(value, bias));
      if (rest >= Simd::kLanes) {
        Simd::store(pixel + n, value);
      } else {
        Simd::store_first(pixel + n, value, rest);
      }
    };
    unroll<2>([&](auto i) {
      put(task.to[2 * i], Simd::add(Simd::add(half[0][i], half[1][i]), half[2][i]));
      put(task.to[2 * i + 1], Simd::sub(Simd::sub(half[1][i], half[2][i]), half[3][i]));
    });
  }
}

/// A register tile of the weights' gradient: it stays there while the pixels go by. The sums continue from memory, so
/// that a long row of pixels, chunk by chunk, is one serial sum.
template <class Simd, int kRows, int kVectors>
void gradient(const GradientTask& task) noexcept {
  constexpr int kLanes = Simd::kLanes;
  typename Simd::F32 sums[kRows][kVectors];
  unroll<kRows>([&](auto r) {
    unroll<kVectors>([&](auto v) { sums[r][v] = Simd::load(task.gradient + r * task.weight_stride + v * kLanes); });
  });
  const float* const* rows = task.rows;
  const float* output = task.output;
  const std::ptrdiff_t pixel_stride = task.pixel_stride;
  const int first = task.first;
  int pixels = task.pixels;
  do {
    const float* a = *rows++ + first;
    typename Simd::F32 b[kVectors];
    unroll<kVectors>([&](auto v) { b[v] = Simd::load(output + v * kLanes); });
    unroll<kRows>([&](auto r) {
      const auto scale = Simd::load_splat(a + r);
      unroll<kVectors>([&](auto v) { sums[r][v] = Simd::mul_add(scale, b[v], sums[r][v]); });
    });
    output += pixel_stride;
  } while (--pixels > 0);
  unroll<kRows>([&](auto r) {
    unroll<kVectors>([&](auto v) { Simd::store(task.gradient + r * task.weight_stride + v * kLanes, sums[r][v]); });
  });
}

template <class Simd>
constexpr Kernels make_kernels() {
  constexpr int kRows = Simd::kTileRows;
  constexpr int kVectors = Simd::kTileVectors;
  static_assert(kRows <= kMostRows && kVectors <= kMostVectors && Simd::kLanes <= kMostLanes);
  Kernels kernels{kRows, kVectors, Simd::kLanes, {}, direct<Simd>, {}, winograd_input<Simd>, winograd_output<Simd>, {}};
  unroll<kRows>([&](auto r) { unroll<kVectors>([&](auto v) { kernels.tile[r][v] = tile<Simd, r + 1, v + 1>; }); });
  unroll<kDepthwiseRows>([&](auto r) { kernels.depthwise[r] = depthwise<Simd, r + 1>; });
  unroll<kGradientRows>(
      [&](auto r) { unroll<kVectors>([&](auto v) { kernels.gradient[r][v] = gradient<Simd, r + 1, v + 1>; }); });
  return kernels;
}

template <class Simd>
constinit const Kernels KernelsOf<Simd>::kTable = make_kernels<Simd>();

}  // namespace optlab::conv::detail
