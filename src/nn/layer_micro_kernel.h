#pragma once

#include "attention/row_kernels.h"
#include "nn/layer_kernels.h"
#include "simd/unroll.h"
#include "simd/vector_math.h"

/// The operations of `LayerKernels`, written once over a SIMD policy. For ISA files only: everything is a template over the
/// policy, so that none of it can end up in another file's baseline.
namespace optlab::nn::detail {

using simd::unroll;

/// body(c, load, store) for every vector of n columns; load and store keep within the row.
template <class Simd, class Body>
[[gnu::always_inline]] inline void for_each_column(int n, const Body& body) {
  using Vector = typename Simd::F32;
  int c = 0;
  for (; c + Simd::kLanes <= n; c += Simd::kLanes) {
    body(
        c, [](const float* from) { return Simd::load(from); }, [](float* to, Vector value) { Simd::store(to, value); });
  }
  if (const int rest = n - c; rest > 0) {
    body(
        c, [rest](const float* from) { return Simd::load_first(from, rest); },
        [rest](float* to, Vector value) { Simd::store_first(to, value, rest); });
  }
}

/// step(stripe, r) for rows 0 … rows-1, stripe = r modulo kStripes.
template <int kStripes, class Step>
[[gnu::always_inline]] inline void for_each_striped_row(int rows, const Step& step) {
  int r = 0;
  if (rows >= kStripes) {
    do {
      unroll<kStripes>([&](auto s) __attribute__((always_inline)) { step(s, r + s); });
      r += kStripes;
    } while (r + kStripes <= rows);
  }
  unroll<kStripes>([&](auto s) __attribute__((always_inline)) {
    if (r + s < rows) step(s, r + s);
  });
}

/// step(r) for rows 0 … rows-1, at least one.
template <class Step>
[[gnu::always_inline]] inline void for_each_row(int rows, const Step& step) {
  int r = 0;
  do step(r);
  while (++r < rows);
}

template <class Simd>
[[gnu::always_inline]] inline typename Simd::F32 sum_of_four(const typename Simd::F32 (&sums)[4]) {
  return Simd::add(Simd::add(sums[0], sums[1]), Simd::add(sums[2], sums[3]));
}

template <class Simd>
void column_sums(const float* x, int rows, int n, float* sums) noexcept {
  for_each_column<Simd>(
      n, [&](int c, auto load, auto store) __attribute__((always_inline)) {
        const float* from = x + c;
        auto sum = load(sums + c);
        int left = rows;
        do {
          sum = Simd::add(sum, load(from));
          from += n;
        } while (--left > 0);
        store(sums + c, sum);
      });
}

template <class Simd>
void moments(const float* x, int rows, int n, float* mean, float* squares) noexcept {
  const auto count = Simd::broadcast(static_cast<float>(rows));
  const std::ptrdiff_t width = n;
  for_each_column<Simd>(
      n, [&](int c, auto load, auto store) __attribute__((always_inline)) {
        typename Simd::F32 sums[4];
        unroll<4>([&](auto s) { sums[s] = Simd::zero(); });
        for_each_striped_row<4>(
            rows, [&](auto s, int r)
                      __attribute__((always_inline)) { sums[s] = Simd::add(sums[s], load(x + r * width + c)); });
        const auto average = Simd::div(sum_of_four<Simd>(sums), count);
        unroll<4>([&](auto s) { sums[s] = Simd::zero(); });
        for_each_striped_row<4>(
            rows, [&](auto s, int r) __attribute__((always_inline)) {
              const auto centred = Simd::sub(load(x + r * width + c), average);
              sums[s] = Simd::add(sums[s], Simd::mul(centred, centred));
            });
        store(mean + c, average);
        store(squares + c, sum_of_four<Simd>(sums));
      });
}

/// The values of `Normalization` for a vector of channels.
template <class Simd>
struct NormalizationVectors {
  typename Simd::F32 mean, scale, shift, floor;

  template <class Load>
  [[gnu::always_inline]] NormalizationVectors(const Normalization& by, int c, const Load& load)
      : mean(load(by.mean + c)),
        scale(load(by.scale + c)),
        shift(load(by.shift + c)),
        floor(Simd::broadcast(by.floor)) {}
  /// Before the floor.
  [[gnu::always_inline]] typename Simd::F32 operator()(typename Simd::F32 centred) const {
    return Simd::add(Simd::mul(centred, scale), shift);
  }
  /// dy where it passes the floor.
  [[gnu::always_inline]] typename Simd::F32 passed(typename Simd::F32 centred, typename Simd::F32 dy) const {
    return Simd::select(Simd::less(floor, (*this)(centred)), dy, Simd::zero());
  }
};

template <class Simd>
void normalize(const Normalization& by, const float* x, int rows, int n, float* y) noexcept {
  const std::ptrdiff_t width = n;
  for_each_column<Simd>(
      n, [&](int c, auto load, auto store) __attribute__((always_inline)) {
        const NormalizationVectors<Simd> affine(by, c, load);
        for_each_striped_row<4>(
            rows, [&](auto /*stripe*/, int r) __attribute__((always_inline)) {
              const auto value = affine(Simd::sub(load(x + r * width + c), affine.mean));
              store(y + r * width + c, Simd::max(affine.floor, value));
            });
      });
}

template <class Simd>
void normalize_sums(const Normalization& by, const float* x, const float* dy, int rows, int n, float* sum,
                    float* product) noexcept {
  const std::ptrdiff_t width = n;
  for_each_column<Simd>(
      n, [&](int c, auto load, auto store) __attribute__((always_inline)) {
        const NormalizationVectors<Simd> affine(by, c, load);
        typename Simd::F32 sums[2], products[2];
        unroll<2>([&](auto s) {
          sums[s] = Simd::zero();
          products[s] = Simd::zero();
        });
        for_each_striped_row<2>(
            rows, [&](auto s, int r) __attribute__((always_inline)) {
              const auto centred = Simd::sub(load(x + r * width + c), affine.mean);
              const auto g = affine.passed(centred, load(dy + r * width + c));
              sums[s] = Simd::add(sums[s], g);
              products[s] = Simd::add(products[s], Simd::mul(g, centred));
            });
        store(sum + c, Simd::add(sums[0], sums[1]));
        store(product + c, Simd::add(products[0], products[1]));
      });
}

template <class Simd>
void normalize_backward(const Normalization& by, const float* x, const float* dy, const float* subtrahend,
                        const float* slope, int rows, int n, float* dx) noexcept {
  const std::ptrdiff_t width = n;
  for_each_column<Simd>(
      n, [&](int c, auto load, auto store) __attribute__((always_inline)) {
        const NormalizationVectors<Simd> affine(by, c, load);
        const auto less = load(subtrahend + c), slopes = load(slope + c);
        for_each_striped_row<4>(
            rows, [&](auto /*stripe*/, int r) __attribute__((always_inline)) {
              const auto centred = Simd::sub(load(x + r * width + c), affine.mean);
              const auto g = affine.passed(centred, load(dy + r * width + c));
              const auto through = Simd::sub(Simd::sub(g, less), Simd::mul(centred, slopes));
              store(dx + r * width + c, Simd::mul(affine.scale, through));
            });
      });
}

template <class Simd>
void relu(const float* x, int n, float* y) noexcept {
  for_each_column<Simd>(
      n, [&](int c, auto load, auto store)
             __attribute__((always_inline)) { store(y + c, Simd::max(Simd::zero(), load(x + c))); });
}

template <class Simd>
void relu_backward(const float* y, const float* dy, int n, float* dx) noexcept {
  for_each_column<Simd>(
      n, [&](int c, auto load, auto store) __attribute__((always_inline)) {
        store(dx + c, Simd::select(Simd::less(Simd::zero(), load(y + c)), load(dy + c), Simd::zero()));
      });
}

template <class Simd>
void gelu_backward(const float* x, const float* dy, int n, float* dx) noexcept {
  const auto all = [](float value) { return Simd::broadcast(value); };
  for_each_column<Simd>(
      n, [&](int c, auto load, auto store) __attribute__((always_inline)) {
        const auto v = load(x + c), one = all(1.0F), half = all(0.5F);
        const auto square = Simd::mul(v, v);
        // With u = √(2/π)·(v + c·v³) and t = tanh(u): y' = (1 + t)/2 + v/2·(1 - t²)·u'.
        const auto inner = Simd::add(v, Simd::mul(all(attention::detail::kGeluCubic), Simd::mul(square, v)));
        const auto t = simd::tanh<Simd>(Simd::mul(all(attention::detail::kGeluScale), inner));
        const auto steep = Simd::add(one, Simd::mul(all(3.0F * attention::detail::kGeluCubic), square));
        const auto inner_slope = Simd::mul(all(attention::detail::kGeluScale), steep);
        const auto turn = Simd::mul(Simd::sub(one, Simd::mul(t, t)), inner_slope);
        const auto slope = Simd::add(Simd::mul(half, Simd::add(one, t)), Simd::mul(Simd::mul(half, v), turn));
        store(dx + c, Simd::mul(load(dy + c), slope));
      });
}

template <class Simd>
void silu_backward(const float* x, const float* dy, int n, float* dx) noexcept {
  for_each_column<Simd>(
      n, [&](int c, auto load, auto store) __attribute__((always_inline)) {
        const auto v = load(x + c), one = Simd::broadcast(1.0F);
        // With s = 1/(1 + exp(-v)): y' = s·(1 + v·(1 - s)).
        const auto s = Simd::div(one, Simd::add(one, simd::exp<Simd>(Simd::sub(Simd::zero(), v))));
        const auto slope = Simd::mul(s, Simd::add(one, Simd::mul(v, Simd::sub(one, s))));
        store(dx + c, Simd::mul(load(dy + c), slope));
      });
}

/// body(window, pixel) for the row's pixels: where the window begins, and the output pixel, as offsets.
template <class Body>
[[gnu::always_inline]] inline void for_each_window(const PoolRow& row, const Body& body) {
  const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(row.stride) * row.channels;
  for (int i = 0; i < row.columns; ++i) body(i * step, static_cast<std::ptrdiff_t>(i) * row.channels);
}

/// kKernel: the window's extent, 0 for one known only at run time.
template <class Simd, int kKernel>
void max_pool_of(const PoolRow& row, float* y) noexcept {
  const int kernel = kKernel > 0 ? kKernel : row.kernel;
  const std::ptrdiff_t channels = row.channels;
  for_each_window(
      row, [&](std::ptrdiff_t window, std::ptrdiff_t pixel) __attribute__((always_inline)) {
        for_each_column<Simd>(
            row.channels, [&](int c, auto load, auto store) __attribute__((always_inline)) {
              const float* from = row.x + window + c;
              auto most = load(from);
              for (int i = 0; i < kernel; ++i, from += row.row_stride) {
                for (int j = 0; j < kernel; ++j) most = Simd::max(load(from + j * channels), most);
              }
              store(y + pixel + c, most);
            });
      });
}

template <class Simd>
void max_pool(const PoolRow& row, float* y) noexcept {
  row.kernel == 2 ? max_pool_of<Simd, 2>(row, y) : max_pool_of<Simd, 0>(row, y);
}

template <class Simd, int kKernel>
void max_pool_backward_of(const PoolRow& row, const float* y, float* dx) noexcept {
  const int kernel = kKernel > 0 ? kKernel : row.kernel;
  const std::ptrdiff_t channels = row.channels;
  for_each_window(
      row, [&](std::ptrdiff_t window, std::ptrdiff_t pixel) __attribute__((always_inline)) {
        for_each_column<Simd>(
            row.channels, [&](int c, auto load, auto store) __attribute__((always_inline)) {
              const auto most = load(y + pixel + c);
              auto rest = load(row.dy + pixel + c);  // until somebody takes it
              for (int i = 0; i < kernel; ++i) {
                for (int j = 0; j < kernel; ++j) {
                  const std::ptrdiff_t at = window + i * row.row_stride + j * channels + c;
                  const auto smaller = Simd::less(load(row.x + at), most);
                  const auto taken = Simd::select(smaller, Simd::zero(), rest);
                  rest = Simd::select(smaller, rest, Simd::zero());
                  store(dx + at, row.disjoint ? taken : Simd::add(load(dx + at), taken));
                }
              }
            });
      });
}

template <class Simd>
void max_pool_backward(const PoolRow& row, const float* y, float* dx) noexcept {
  row.kernel == 2 ? max_pool_backward_of<Simd, 2>(row, y, dx) : max_pool_backward_of<Simd, 0>(row, y, dx);
}

template <class Simd>
constexpr LayerKernels make_layer_kernels() {
  return {column_sums<Simd>, moments<Simd>,       normalize<Simd>, normalize_sums<Simd>,   normalize_backward<Simd>,
          relu<Simd>,        relu_backward<Simd>, max_pool<Simd>,  max_pool_backward<Simd>};
}

template <class Simd>
constexpr ActivationKernels make_activation_kernels() {
  return {gelu_backward<Simd>, silu_backward<Simd>};
}

template <class Simd>
constinit const LayerKernels LayerKernelsOf<Simd>::kTable = make_layer_kernels<Simd>();
template <class Simd>
constinit const ActivationKernels ActivationKernelsOf<Simd>::kTable = make_activation_kernels<Simd>();

}  // namespace optlab::nn::detail
