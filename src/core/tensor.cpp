#include "core/tensor.h"

#include <algorithm>

#include "core/error.h"

namespace optlab {
namespace {

int leading_extent(const Shape& shape) {
  int rows = 1;
  for (int axis = 0; axis + 1 < shape.rank(); ++axis) rows *= shape[axis];
  return rows;
}

int last_extent(const Shape& shape) { return shape.rank() == 0 ? 1 : shape[shape.rank() - 1]; }

}  // namespace

Shape::Shape(std::initializer_list<int> extents) : Shape(std::span<const int>(extents.begin(), extents.size())) {}

Shape::Shape(std::span<const int> extents) : rank_(static_cast<int>(extents.size())) {
  if (extents.size() > kMaxRank) {
    throw_invalid({"Shape: rank ", extents.size(), " is more than ", kMaxRank});
  }
  std::copy(extents.begin(), extents.end(), extents_.begin());
  for (int axis = rank_; axis < kMaxRank; ++axis) extents_[axis] = 1;
  const std::array<long long, kMaxRank> wide{extents_[0], extents_[1], extents_[2], extents_[3]};
  element_count_ = checked_element_count("Shape", std::span(wide).first(extents.size()));
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (int axis = 0; axis < rank_; ++axis) {
    if (axis > 0) text += ',';
    text += std::to_string(extents_[axis]);
  }
  return text + "]";
}

Tensor Tensor::clone() const {
  Tensor copy(shape_);
  std::copy(values().begin(), values().end(), copy.values().begin());
  return copy;
}

MatrixView Tensor::matrix() { return view().matrix(); }
ConstMatrixView Tensor::matrix() const { return view().matrix(); }

TensorView Tensor::view() { return {shape_, values()}; }
ConstTensorView Tensor::view() const { return {shape_, values()}; }

TensorView Tensor::first(int count) {
  if (shape_.rank() == 0 || count < 0 || count > shape_[0]) {
    throw_invalid({"Tensor: the first ", count, " of ", shape_.to_string()});
  }
  std::array<int, Shape::kMaxRank> extents{};
  for (int axis = 0; axis < shape_.rank(); ++axis) extents[axis] = axis == 0 ? count : shape_[axis];
  const Shape part(std::span<const int>(extents).first(shape_.rank()));
  return {part, values().first(part.element_count())};
}

template <class Float>
BasicMatrixView<Float> BasicTensorView<Float>::matrix() const {
  const int columns = last_extent(shape);
  return {values.data(), leading_extent(shape), columns, columns, 1};
}

template struct BasicTensorView<float>;
template struct BasicTensorView<const float>;

}  // namespace optlab
