#include "nn/residual.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "nn/forward_kernels.h"
#include "nn/workers.h"

namespace optlab::nn {
namespace {

constexpr int kGrain = 4096;

/// body(begin, count) for ranges of `size` elements.
template <class Body>
void for_elements(parallel::ThreadPool& pool, std::size_t size, const Body& body) {
  detail::for_row_ranges(pool, static_cast<int>(size), 2.0, kGrain,
                         [&](int /*worker*/, parallel::Range range) { body(range.begin, range.size()); });
}

}  // namespace

Residual::Residual(std::string name, std::unique_ptr<Layer> norm, std::unique_ptr<Layer> body, float dropout,
                   std::uint32_t stream)
    : Layer(std::move(name)), norm_(std::move(norm)), body_(std::move(body)), dropout_(dropout, stream) {
  if (!norm_ || !body_) throw std::invalid_argument("layer " + this->name() + ": norm or body is missing");
}

Shape Residual::output_shape(const Shape& x) const {
  const Shape normed = norm_->output_shape(x);
  if (normed != x) refuse("norm's output", normed, x.to_string());
  const Shape output = body_->output_shape(normed);
  if (output != x) refuse("body's output", output, x.to_string());
  return x;
}

std::vector<Parameter*> Residual::parameters() {
  std::vector<Parameter*> all = norm_->parameters();
  for (Parameter* parameter : body_->parameters()) all.push_back(parameter);
  return all;
}

void Residual::require(const Shape& shape, bool training) {
  const auto fit = [&](Tensor& tensor) {
    if (tensor.shape() != shape) tensor = Tensor(shape);
  };
  fit(normed_);
  fit(output_);
  if (!training) return;
  fit(doutput_);
  fit(dnormed_);
}

void Residual::forward(ConstTensorView x, TensorView y, const Pass& pass) {
  check("y", y.shape, output_shape(x.shape));
  require(x.shape, false);
  const auto run = [&](Layer& layer, ConstTensorView from, Tensor& to) {
    const profile::ObservedLayer observed(pass.observer, info_of(layer, from.shape, pass));
    layer.forward(from, to.view(), pass);
  };
  run(*norm_, x, normed_);
  run(*body_, normed_.view(), output_);
  const detail::ForwardKernels& kernels = detail::forward_kernels();
  const bool drops = pass.training && dropout_.drops();
  if (drops) dropout_.draw(x.values.size(), pass);
  const float* output = output_.values().data();
  for_elements(pass.compute.context.pool, x.values.size(), [&](int begin, int count) {
    if (drops) {
      dropout_.add(x.values.data() + begin, output + begin, begin, count, y.values.data() + begin);
    } else {
      kernels.add(x.values.data() + begin, output + begin, count, y.values.data() + begin);
    }
  });
}

void Residual::backward(ConstTensorView x, ConstTensorView /*y*/, TensorView dy, TensorView dx, const Pass& pass) {
  check("dy", dy.shape, output_shape(x.shape));
  if (!dx.empty()) check("dx", dx.shape, x.shape);
  require(x.shape, true);
  parallel::ThreadPool& pool = pass.compute.context.pool;
  float* doutput = doutput_.values().data();
  for_elements(pool, x.values.size(), [&](int begin, int count) {
    const float* from = dy.values.data() + begin;
    if (pass.training && dropout_.drops()) {
      dropout_.apply(from, begin, count, doutput + begin);
    } else {
      std::copy_n(from, count, doutput + begin);
    }
  });
  body_->backward(normed_.view(), output_.view(), doutput_.view(), dnormed_.view(), pass);
  norm_->backward(x, normed_.view(), dnormed_.view(), dx, pass);
  if (dx.empty()) return;
  const detail::ForwardKernels& kernels = detail::forward_kernels();
  for_elements(pool, x.values.size(), [&](int begin, int count) {
    kernels.add(dy.values.data() + begin, dx.values.data() + begin, count, dx.values.data() + begin);
  });
}

}  // namespace optlab::nn
