#include "nn/pooling.h"

#include <algorithm>
#include <stdexcept>

#include "core/error.h"
#include "nn/layer_kernels.h"
#include "nn/workers.h"

namespace optlab::nn {
namespace {

double bytes_of(const Shape& x, const Shape& y) {
  return sizeof(float) * static_cast<double>(x.element_count() + y.element_count());
}

/// Row `oy` of image n.
detail::PoolRow row_of(const PoolOptions& options, const Shape& x, const Shape& y, const float* values) {
  return {.x = values,
          .row_stride = static_cast<std::ptrdiff_t>(x[2]) * x[3],
          .channels = x[3],
          .kernel = options.kernel,
          .stride = options.stride,
          .columns = y[2],
          .dy = nullptr,
          .disjoint = options.stride >= options.kernel};
}

/// Where the windows of a row of y begin in x.
std::ptrdiff_t window_row(const PoolOptions& options, const Shape& x, const Shape& y, int row) {
  const auto image = static_cast<std::ptrdiff_t>(row / y[1]) * x[1];
  return (image + row % y[1] * options.stride) * x[2] * x[3];
}

}  // namespace

Pooling::Pooling(std::string name, const PoolOptions& options) : Layer(std::move(name)), options_(options) {
  if (options.kernel >= 1 && options.stride >= 1) return;
  throw_invalid(
      {"layer ", this->name(), ": kernel is ", options.kernel, " and stride ", options.stride, "; both must be >= 1"});
}

Shape Pooling::output_shape(const Shape& x) const {
  const auto extent = [&](int axis) { return (x[axis] - options_.kernel) / options_.stride + 1; };
  if (x.rank() != 4 || x[1] < options_.kernel || x[2] < options_.kernel) {
    const std::string least = std::to_string(options_.kernel);
    refuse("x", x, "[B,H,W,C] with H and W >= " + least);
  }
  return {x[0], extent(1), extent(2), x[3]};
}

void Pooling::check_forward(const ConstTensorView& x, const TensorView& y) const {
  check("y", y.shape, output_shape(x.shape));
}

void Pooling::check_backward(const ConstTensorView& x, const ConstTensorView& y, const TensorView& dy,
                             const TensorView& dx) const {
  check("y", y.shape, output_shape(x.shape));
  check("dy", dy.shape, y.shape);
  if (!dx.empty()) check("dx", dx.shape, x.shape);
}

bool Pooling::tiles(const Shape& x) const {
  return options_.stride == options_.kernel && x[1] % options_.kernel == 0 && x[2] % options_.kernel == 0;
}

void MaxPool2d::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check_forward(x, y);
  const auto row_floats = static_cast<std::ptrdiff_t>(y.shape[2]) * y.shape[3];
  detail::divide(pass.compute, y.shape[0] * y.shape[1], 1, bytes_of(x.shape, y.shape), [&](parallel::Range rows) {
    for (int r = rows.begin; r < rows.end; ++r) {
      const float* from = x.values.data() + window_row(options(), x.shape, y.shape, r);
      detail::layer_kernels().max_pool(row_of(options(), x.shape, y.shape, from), y.values.data() + r * row_floats);
    }
  });
}

void MaxPool2d::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check_backward(x, y, dy, dx);
  if (dx.empty()) return;
  const auto image_floats = static_cast<std::ptrdiff_t>(x.shape[1]) * x.shape[2] * x.shape[3];
  const auto row_floats = static_cast<std::ptrdiff_t>(y.shape[2]) * y.shape[3];
  detail::divide(pass.compute, x.shape[0], 1, 2 * bytes_of(x.shape, y.shape), [&](parallel::Range images) {
    if (!tiles(x.shape))
      std::fill_n(dx.values.data() + images.begin * image_floats, images.size() * image_floats, 0.0F);
    for (int r = images.begin * y.shape[1]; r < images.end * y.shape[1]; ++r) {
      const std::ptrdiff_t first = window_row(options(), x.shape, y.shape, r);
      detail::PoolRow row = row_of(options(), x.shape, y.shape, x.values.data() + first);
      row.dy = dy.values.data() + r * row_floats;
      detail::layer_kernels().max_pool_backward(row, y.values.data() + r * row_floats, dx.values.data() + first);
    }
  });
}

namespace {

/// Calls body(offset in x of an element of the window) for the windows of a row of y, by (kh, kw), and then
/// finish(offset in y) after each; both are the offset of channel 0.
template <class Body, class Finish>
void for_each_window(const PoolOptions& options, const Shape& x, const Shape& y, int row, const Body& body,
                     const Finish& finish) {
  const int C = x[3];
  const std::ptrdiff_t first = window_row(options, x, y, row);
  for (int ox = 0; ox < y[2]; ++ox) {
    const std::ptrdiff_t pixel = (static_cast<std::ptrdiff_t>(row) * y[2] + ox) * C;
    for (int kh = 0; kh < options.kernel; ++kh) {
      for (int kw = 0; kw < options.kernel; ++kw) {
        body(first + (static_cast<std::ptrdiff_t>(kh) * x[2] + ox * options.stride + kw) * C, pixel);
      }
    }
    finish(pixel);
  }
}

}  // namespace

void AvgPool2d::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check_forward(x, y);
  const int C = x.shape[3];
  const auto count = static_cast<float>(options().kernel * options().kernel);
  const float* from = x.values.data();
  float* to = y.values.data();
  detail::divide(pass.compute, y.shape[0] * y.shape[1], 1, bytes_of(x.shape, y.shape), [&](parallel::Range rows) {
    std::fill(to + static_cast<std::ptrdiff_t>(rows.begin) * y.shape[2] * C,
              to + static_cast<std::ptrdiff_t>(rows.end) * y.shape[2] * C, 0.0F);
    for (int r = rows.begin; r < rows.end; ++r) {
      for_each_window(
          options(), x.shape, y.shape, r,
          [&](std::ptrdiff_t element, std::ptrdiff_t pixel) {
            for (int c = 0; c < C; ++c) to[pixel + c] += from[element + c];
          },
          [&](std::ptrdiff_t pixel) {
            for (int c = 0; c < C; ++c) to[pixel + c] /= count;
          });
    }
  });
}

void AvgPool2d::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check_backward(x, y, dy, dx);
  if (dx.empty()) return;
  const int C = x.shape[3];
  const auto image_floats = static_cast<std::ptrdiff_t>(x.shape[1]) * x.shape[2] * C;
  const auto count = static_cast<float>(options().kernel * options().kernel);
  detail::divide(pass.compute, x.shape[0], 1, 2 * bytes_of(x.shape, y.shape), [&](parallel::Range images) {
    std::fill_n(dx.values.data() + images.begin * image_floats, images.size() * image_floats, 0.0F);
    for (int r = images.begin * y.shape[1]; r < images.end * y.shape[1]; ++r) {
      for_each_window(
          options(), x.shape, y.shape, r,
          [&](std::ptrdiff_t element, std::ptrdiff_t pixel) {
            for (int c = 0; c < C; ++c) dx.values[element + c] += dy.values[pixel + c] / count;
          },
          [](std::ptrdiff_t) {});
    }
  });
}

Shape GlobalAvgPool2d::output_shape(const Shape& x) const {
  if (x.rank() != 4 || x[1] < 1 || x[2] < 1) refuse("x", x, "[B,H,W,C] with H and W >= 1");
  return {x[0], x[3]};
}

void GlobalAvgPool2d::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  const int C = x.shape[3], pixels = x.shape[1] * x.shape[2];
  detail::divide(pass.compute, x.shape[0], 1, bytes_of(x.shape, y.shape), [&](parallel::Range images) {
    for (int n = images.begin; n < images.end; ++n) {
      float* to = y.values.data() + static_cast<std::ptrdiff_t>(n) * C;
      std::fill_n(to, C, 0.0F);
      detail::layer_kernels().column_sums(x.values.data() + static_cast<std::ptrdiff_t>(n) * pixels * C, pixels, C, to);
      for (int c = 0; c < C; ++c) to[c] /= static_cast<float>(pixels);
    }
  });
}

void GlobalAvgPool2d::backward(ConstTensorView x, ConstTensorView y, TensorView dy, TensorView dx, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  check("dy", dy.shape, y.shape);
  if (dx.empty()) return;
  check("dx", dx.shape, x.shape);
  const int C = x.shape[3], pixels = x.shape[1] * x.shape[2];
  detail::divide(pass.compute, x.shape[0] * pixels, 1, bytes_of(x.shape, y.shape), [&](parallel::Range range) {
    for (int p = range.begin; p < range.end; ++p) {
      const float* from = dy.values.data() + static_cast<std::ptrdiff_t>(p / pixels) * C;
      float* to = dx.values.data() + static_cast<std::ptrdiff_t>(p) * C;
      for (int c = 0; c < C; ++c) to[c] = from[c] / static_cast<float>(pixels);
    }
  });
}

}  // namespace optlab::nn
