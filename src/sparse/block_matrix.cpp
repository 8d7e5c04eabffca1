#include "sparse/block_matrix.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "core/error.h"

namespace optlab::sparse {
namespace {

constexpr int ceil_div(int value, int divisor) { return value / divisor + (value % divisor != 0 ? 1 : 0); }

[[noreturn]] void refuse(const std::string& message) { throw std::invalid_argument("sparse: " + message); }

/// "indices[7] is 12; K is 9"
[[noreturn]] void refuse_entry(const char* list, std::size_t i, const std::string& what) {
  refuse(text({list, "[", i, "] is ", what}));
}
[[noreturn]] void refuse_entry(const char* list, std::size_t i, std::int32_t value, const char* why, int limit) {
  refuse_entry(list, i, std::to_string(value) + why + (limit < 0 ? "" : std::to_string(limit)));
}

/// The lists of a matrix, panels in the order of columns.
struct Lists {
  std::vector<std::int32_t> starts{0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
};

/// Appends the block at (k, n) if anything in it is kept.
void append_block(const ConstMatrixView& w, const Mask& mask, BlockShape shape, int k, int n, Lists& lists) {
  float block[16] = {};
  bool kept = false;
  for (int i = 0; i < std::min(shape.depth, w.rows - k); ++i) {
    for (int j = 0; j < std::min(shape.columns, w.columns - n); ++j) {
      const float weight = w(k + i, n + j);
      if (weight == 0.0F || (mask.data != nullptr && mask(k + i, n + j) == 0)) continue;  // a NaN stays
      block[i * shape.columns + j] = weight;
      kept = true;
    }
  }
  if (!kept) return;
  lists.indices.push_back(k);
  lists.values.insert(lists.values.end(), block, block + shape.size());
}

/// Of one panel's entries, `begin` to `end` of the lists; its first column is `n`.
void check_panel(int K, long long N, BlockShape shape, long long n, std::size_t begin, std::size_t end,
                 std::span<const std::int32_t> indices, std::span<const float> values) {
  std::int32_t least = 0;
  for (std::size_t b = begin; b < end; ++b) {
    const std::int32_t k = indices[b];
    if (k < 0 || k >= K) refuse_entry("indices", b, k, "; K is ", K);
    if (k % shape.depth != 0) refuse_entry("indices", b, k, "; blocks start at multiples of ", shape.depth);
    if (k < least) refuse_entry("indices", b, k, "; the indices of a panel must ascend", -1);
    least = k + 1;
    for (int i = 0; i < shape.size(); ++i) {
      const std::size_t v = b * shape.size() + i;
      const bool inside = k + i / shape.columns < K && n + i % shape.columns < N;
      if (!inside && values[v] != 0.0F) refuse_entry("values", v, "beyond K or N and not zero");
    }
  }
}

void check_lists(int K, int N, Format format, std::span<const std::int32_t> starts,
                 std::span<const std::int32_t> indices, std::span<const float> values) {
  const BlockShape shape = shape_of(format);
  const int panels = ceil_div(N, shape.columns);
  if (starts.size() != static_cast<std::size_t>(panels) + 1) {
    refuse(
        text({"starts has ", starts.size(), " entries; ", N, " columns as ", name_of(format), " need ", panels + 1LL}));
  }
  if (starts.front() != 0) refuse_entry("starts", 0, starts.front(), "; it must be 0", -1);
  if (static_cast<std::size_t>(starts.back()) != indices.size()) {
    refuse(text({"starts ends with ", starts.back(), ", but there are ", indices.size(), " indices"}));
  }
  if (values.size() != indices.size() * shape.size()) {
    refuse(text({"there are ", values.size(), " values for ", indices.size(), " indices; each needs ", shape.size()}));
  }
  for (std::size_t p = 0; p + 1 < starts.size(); ++p) {
    if (starts[p + 1] < starts[p]) refuse_entry("starts", p + 1, starts[p + 1], "; it must not fall", -1);
  }
  for (std::size_t p = 0; p + 1 < starts.size(); ++p) {
    check_panel(K, N, shape, static_cast<long long>(p) * shape.columns, static_cast<std::size_t>(starts[p]),
                static_cast<std::size_t>(starts[p + 1]), indices, values);
  }
}

/// Sorts a window's panels by falling number of blocks; equally full ones keep their order, so that a matrix has one
/// layout. Insertion, since a window is short and std::sort is 5 KB of WebAssembly.
void sort_by_fullness(std::span<std::int32_t> window, std::span<const std::int32_t> starts) {
  const auto blocks = [&](std::int32_t p) { return starts[p + 1] - starts[p]; };
  for (std::size_t i = 1; i < window.size(); ++i) {
    const std::int32_t panel = window[i];
    std::size_t to = i;
    for (; to > 0 && blocks(window[to - 1]) < blocks(panel); --to) window[to] = window[to - 1];
    window[to] = panel;
  }
}

}  // namespace

std::string_view name_of(Format format) {
  return format == Format::kCsr ? "csr" : format == Format::kBlock1x4 ? "block1x4" : "block4x4";
}

Format format_named(std::string_view name) {
  std::string names;
  for (const Format format : kFormats) {
    if (name_of(format) == name) return format;
    names += (names.empty() ? "" : ", ") + std::string(name_of(format));
  }
  refuse(text({"no format \"", name, "\"; there are ", names}));
}

BlockMatrix::BlockMatrix(ConstMatrixView w, Format format, Mask mask)
    : rows_(w.rows), columns_(w.columns), format_(format) {
  check_extents();
  if (w.data == nullptr && w.rows > 0 && w.columns > 0) {
    refuse(text({"W is ", format_shape({w.rows, w.columns}), " without data"}));
  }
  if (mask.data != nullptr && (mask.rows != w.rows || mask.columns != w.columns)) {
    refuse(text({"the mask is ", format_shape({mask.rows, mask.columns}), ", W ", format_shape({w.rows, w.columns})}));
  }
  const BlockShape shape = shape_of(format);
  Lists lists;
  const int deep = ceil_div(rows_, shape.depth);
  for (int p = 0; p < ceil_div(columns_, shape.columns); ++p) {
    for (int b = 0; b < deep; ++b) append_block(w, mask, shape, b * shape.depth, p * shape.columns, lists);
    lists.starts.push_back(static_cast<std::int32_t>(lists.indices.size()));
  }
  arrange(lists.starts, lists.indices, lists.values);
}

BlockMatrix::BlockMatrix(int K, int N, Format format, std::span<const std::int32_t> starts,
                         std::span<const std::int32_t> indices, std::span<const float> values)
    : rows_(K), columns_(N), format_(format) {
  check_extents();
  check_lists(K, N, format, starts, indices, values);
  arrange(starts, indices, values);
}

void BlockMatrix::check_extents() const { checked_element_count("sparse: W", {rows_, columns_}); }

void BlockMatrix::arrange(std::span<const std::int32_t> starts, std::span<const std::int32_t> indices,
                          std::span<const float> values) {
  const int panels = static_cast<int>(starts.size()) - 1;
  const int size = shape_of(format_).size();
  order_ = AlignedBuffer<std::int32_t>(static_cast<std::size_t>(panels));
  starts_ = AlignedBuffer<std::int32_t>(starts.size());
  indices_ = AlignedBuffer<std::int32_t>(indices.size());
  values_ = AlignedBuffer<float>(values.size());
  const std::span<std::int32_t> order = order_.span();
  std::iota(order.begin(), order.end(), 0);
  const auto blocks = [&](std::int32_t p) { return starts[p + 1] - starts[p]; };
  for (int first = 0; first < panels; first += kWindow) {
    sort_by_fullness(order.subspan(first, std::min(kWindow, panels - first)), starts);
  }
  for (int position = 0; position < panels; ++position) {
    const std::int32_t p = order[position];
    const std::int32_t to = starts_.data()[position];
    starts_.data()[position + 1] = to + blocks(p);
    std::copy_n(indices.begin() + starts[p], blocks(p), indices_.data() + to);
    std::copy_n(values.begin() + std::ptrdiff_t{starts[p]} * size, std::ptrdiff_t{blocks(p)} * size,
                values_.data() + std::ptrdiff_t{to} * size);
  }
  nonzeros_ = static_cast<int>(std::ranges::count_if(values, [](float value) { return value != 0.0F; }));
}

double BlockMatrix::density() const {
  const BlockShape shape = shape_of(format_);
  const double all = static_cast<double>(ceil_div(rows_, shape.depth)) * panels();
  return all == 0.0 ? 0.0 : blocks() / all;
}

std::size_t BlockMatrix::bytes() const {
  return (starts_.size() + indices_.size() + order_.size()) * sizeof(std::int32_t) + values_.size() * sizeof(float);
}

Tensor BlockMatrix::to_dense() const {
  Tensor dense(Shape{rows_, columns_});
  const MatrixView view{dense.values().data(), rows_, columns_, columns_, 1};
  const BlockShape shape = shape_of(format_);
  for (int position = 0; position < panels(); ++position) {
    const int n = order()[position] * shape.columns;
    for (std::int32_t b = starts()[position]; b < starts()[position + 1]; ++b) {
      const int k = indices()[b];
      const float* block = values_.data() + std::ptrdiff_t{b} * shape.size();
      for (int i = 0; i < std::min(shape.depth, rows_ - k); ++i) {
        for (int j = 0; j < std::min(shape.columns, columns_ - n); ++j)
          view(k + i, n + j) = block[i * shape.columns + j];
      }
    }
  }
  return dense;
}

}  // namespace optlab::sparse
