#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/matrix.h"
#include "core/tensor.h"

/// Matrices that store only the weights that a pruner left.
namespace optlab::sparse {

/// How much of W[K,N] shares one index. Blocks lie along N, so that a vector instruction computes the outputs of one.
enum class Format {
  kCsr,       // one weight
  kBlock1x4,  // one k, four adjacent outputs
  kBlock4x4,  // four adjacent k, four adjacent outputs
};

/// Extents of a block, in weights.
struct BlockShape {
  int depth;    // along k
  int columns;  // along n
  int size() const { return depth * columns; }
};

constexpr BlockShape shape_of(Format format) {
  return format == Format::kCsr ? BlockShape{1, 1} : format == Format::kBlock1x4 ? BlockShape{1, 4} : BlockShape{4, 4};
}

inline constexpr Format kFormats[] = {Format::kCsr, Format::kBlock1x4, Format::kBlock4x4};

/// "csr", "block1x4", "block4x4".
std::string_view name_of(Format format);
/// The format called `name`. Throws std::invalid_argument listing the names if there is none.
Format format_named(std::string_view name);

/// Which weights stay: 0 means pruned. A view without data keeps all.
using Mask = BasicMatrixView<const std::uint8_t>;

/// W[K,N] without its zeros, compressed along k: every panel of `columns` adjacent outputs lists its blocks, k ascending.
/// (Which is compressed sparse rows of Wᵀ[N,K], as layers store their weights.) A block is kept whole if one of its weights
/// is neither zero nor masked; the others in it are stored as zeros. Immutable.
///
/// Layout:  panels at positions 0..panels()-1; the one at position p holds blocks starts()[p] … starts()[p+1], each an
///          index (its first k) and size() values, row of k by row of k. Beyond K and N values are zeros. Within windows of
///          kWindow panels the fullest come first (order() says which they are), since kernels walk down several panels
///          together and those should be equally long.
/// Cost:    bytes() = blocks()·(4·size() + 4) + 8·panels() + 4; dense has 4·K·N. Building copies once more.
/// Source:  sorting in windows: Kreutzer et al., "A unified sparse matrix data format (SELL-C-σ)", 2014.
class BlockMatrix {
 public:
  static constexpr int kWindow = 64;

  BlockMatrix() = default;
  /// W without its zeros, and without what `mask` [K,N] prunes. Any strides.
  /// Throws: std::invalid_argument for negative extents, more than 2^31-1 elements, missing data, or a mask of another
  ///         shape; std::bad_alloc.
  BlockMatrix(ConstMatrixView w, Format format, Mask mask = {});
  /// From lists: panel p, in the order of columns, has blocks starts[p] … starts[p+1], `indices` the first k of each, `values`
  /// size() for each.
  /// Throws: std::invalid_argument naming the list and the place unless starts has panels+1 entries, begins with 0, doesn't
  ///         fall and ends with the number of indices; the indices of a panel ascend, are multiples of the block's depth
  ///         and lie in 0..K-1; there are size() values per index, zeros beyond K and N. std::bad_alloc.
  BlockMatrix(int K, int N, Format format, std::span<const std::int32_t> starts, std::span<const std::int32_t> indices,
              std::span<const float> values);

  int rows() const { return rows_; }        // K
  int columns() const { return columns_; }  // N
  Format format() const { return format_; }
  int panels() const { return static_cast<int>(order_.size()); }
  int blocks() const { return static_cast<int>(indices_.size()); }
  /// Stored weights that are not zero.
  int nonzeros() const { return nonzeros_; }
  /// Stored blocks / all blocks: the part of the dense work that is left. 0 for an empty matrix. At random, a block of
  /// four is dropped only if all four weights are: pruned by single weights to 10 %, 34 % of the blocks stay.
  double density() const;
  std::size_t bytes() const;
  Tensor to_dense() const;

  std::span<const std::int32_t> starts() const { return starts_.span(); }
  std::span<const std::int32_t> indices() const { return indices_.span(); }
  std::span<const float> values() const { return values_.span(); }
  /// The panel at a position.
  std::span<const std::int32_t> order() const { return order_.span(); }

 private:
  void check_extents() const;
  void arrange(std::span<const std::int32_t> starts, std::span<const std::int32_t> indices,
               std::span<const float> values);

  int rows_ = 0;
  int columns_ = 0;
  int nonzeros_ = 0;
  Format format_ = Format::kCsr;
  AlignedBuffer<std::int32_t> starts_{1};
  AlignedBuffer<std::int32_t> indices_;
  AlignedBuffer<float> values_;
  AlignedBuffer<std::int32_t> order_;
};

/// Compressed sparse rows: blocks of a single weight, for any pattern of zeros.
class CsrMatrix : public BlockMatrix {
 public:
  explicit CsrMatrix(ConstMatrixView w, Mask mask = {}) : BlockMatrix(w, Format::kCsr, mask) {}
  CsrMatrix(int K, int N, std::span<const std::int32_t> starts, std::span<const std::int32_t> indices,
            std::span<const float> values)
      : BlockMatrix(K, N, Format::kCsr, starts, indices, values) {}
};

}  // namespace optlab::sparse
