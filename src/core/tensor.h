#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string>

#include "core/buffer.h"
#include "core/matrix.h"

namespace optlab {

/// The extents of a row-major tensor of rank 0 to 4; every extent >= 0, their product at most 2^31-1.
class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  /// Throws: std::invalid_argument for a rank over 4, a negative extent or an overflowing product.
  Shape(std::initializer_list<int> extents);
  explicit Shape(std::span<const int> extents);

  int rank() const { return rank_; }
  int operator[](int axis) const { return extents_[axis]; }
  std::size_t element_count() const { return element_count_; }
  std::string to_string() const;  // "[2,3]"
  bool operator==(const Shape&) const = default;

 private:
  std::array<int, kMaxRank> extents_{};
  int rank_ = 0;
  std::size_t element_count_ = 1;
};

template <class Float>
struct BasicTensorView;
/// Contiguous row-major values that another object owns, with their extents. An operand that isn't wanted has a shape and
/// empty `values`.
using TensorView = BasicTensorView<float>;
using ConstTensorView = BasicTensorView<const float>;

/// Owned, contiguous, row-major float32 values, zero at first, aligned to a cache line. Movable; copying is explicit
/// (`clone`).
class Tensor {
 public:
  Tensor() = default;
  /// Throws: std::invalid_argument (see Shape), std::bad_alloc.
  explicit Tensor(Shape shape) : shape_(shape), buffer_(shape.element_count()) {}

  const Shape& shape() const { return shape_; }
  std::size_t size() const { return buffer_.size(); }
  std::span<float> values() { return buffer_.span(); }
  std::span<const float> values() const { return buffer_.span(); }
  Tensor clone() const;

  /// A [rows, columns] view: the last axis is the columns, all axes before it the rows. Rank 1 is one row.
  MatrixView matrix();
  ConstMatrixView matrix() const;
  TensorView view();
  ConstTensorView view() const;
  /// A view of the first `count` elements of the first axis. Throws std::invalid_argument if it has fewer.
  TensorView first(int count);

 private:
  Shape shape_{0};
  AlignedBuffer<float> buffer_;
};

template <class Float>
struct BasicTensorView {
  Shape shape{0};
  std::span<Float> values;

  BasicTensorView() = default;
  BasicTensorView(Shape view_shape, std::span<Float> view_values) : shape(view_shape), values(view_values) {}
  operator BasicTensorView<const float>() const { return {shape, values}; }  // NOLINT(google-explicit-constructor)

  bool empty() const { return values.empty(); }
  /// A [rows, columns] view: the last axis is the columns, all axes before it the rows. Rank 1 is one row.
  BasicMatrixView<Float> matrix() const;
};

}  // namespace optlab
