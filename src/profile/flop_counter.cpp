#include "profile/flop_counter.h"

#include <algorithm>
#include <initializer_list>

#include "core/error.h"

namespace optlab::profile {
namespace {

constexpr std::int64_t kFloat = 4;           // bytes
constexpr int kStripes = 16;                 // in which this library takes sums over a row …
constexpr std::int8_t kJoin = kStripes - 1;  // … and the additions that join them

struct Extent {
  const char* name;
  std::int64_t value;
  std::int64_t least;
};

void require(const char* layer, std::initializer_list<Extent> extents) {
  for (const auto& [name, value, least] : extents) {
    if (value < least) throw_invalid({layer, ": ", name, " is ", value, "; it must be at least ", least});
  }
}

void require_divides(const char* layer, const char* name, int divisor, int value) {
  if (value % divisor != 0) throw_invalid({layer, ": ", divisor, " ", name, " don't divide ", value});
}

std::int64_t product(std::initializer_list<std::int64_t> factors) {
  std::int64_t result = 1;
  for (const std::int64_t factor : factors) {
    if (__builtin_mul_overflow(result, factor, &result)) {
      throw_invalid({"FlopCounter: more operations than 2^63-1 can count"});
    }
  }
  return result;
}

/// Operations by kind, as Work has them.
struct Cost {
  std::int8_t additions = 0;
  std::int8_t multiplications = 0;
  std::int8_t divisions = 0;
  std::int8_t roots = 0;
  std::int8_t comparisons = 0;
  std::int8_t functions = 0;
};

/// An operation on rows, element by element or with sums over a row.
struct RowOperation {
  const char* name;
  Cost element;  // for each element …
  Cost row;      // … and for each row besides
  std::int8_t operands = 1;
  std::int8_t vectors = 0;  // weights and biases of one row each
};

constexpr RowOperation kSoftmax{"softmax", {2, 0, 1, 0, 1, 1}, {kJoin}};
constexpr RowOperation kRmsNorm{"RMSNorm", {1, 3}, {kJoin + 1, 0, 2, 1}, 1, 1};
constexpr RowOperation kLayerNorm{"LayerNorm", {5, 3}, {2 * kJoin + 1, 0, 3, 1}, 1, 2};
constexpr RowOperation kBatchNorm{"BatchNorm", {1, 1}, {}, 1, 2};
constexpr RowOperation kRelu{"ReLU", {0, 0, 0, 0, 1}, {}};
constexpr RowOperation kGelu{"GELU", {2, 6, 0, 0, 0, 1}, {}};
constexpr RowOperation kSilu{"SiLU", {2, 0, 1, 0, 0, 1}, {}};
constexpr RowOperation kSwiglu{"SwiGLU", {2, 1, 1, 0, 0, 1}, {}, 2};
constexpr RowOperation kAdd{"add", {1}, {}, 2};

Work work_of(const RowOperation& operation, std::int64_t rows, std::int64_t columns) {
  require(operation.name, {{"rows", rows, 0}, {"elements", columns, 0}});
  const std::int64_t n = product({rows, columns});
  product({n, 64});  // no kind has as many for an element: what follows doesn't overflow
  const auto count = [&](std::int8_t Cost::*kind) { return n * operation.element.*kind + rows * operation.row.*kind; };
  return {.additions = count(&Cost::additions),
          .multiplications = count(&Cost::multiplications),
          .divisions = count(&Cost::divisions),
          .roots = count(&Cost::roots),
          .comparisons = count(&Cost::comparisons),
          .functions = count(&Cost::functions),
          .bytes_read = kFloat * (n * operation.operands + (n > 0 ? columns * operation.vectors : 0)),
          .bytes_written = kFloat * n};
}

/// `results` sums of `depth` products; `inputs` elements are read beside the parameters, [depth, outputs] and the bias.
Work contraction(std::int64_t results, std::int64_t depth, int outputs, bool bias, std::int64_t inputs) {
  const std::int64_t terms = product({results, depth});
  Work work{.additions = terms, .multiplications = terms, .bytes_written = product({kFloat, results})};
  if (results == 0) return work;
  work.bytes_read = product({kFloat, inputs + product({depth, outputs})});
  if (bias) work.additions += results, work.bytes_read += kFloat * outputs;
  return work;
}

/// How many of [0, extent) the windows of a convolution touch along one axis.
std::int64_t touched(int extent, int outputs, int kernel, const Conv2dShape& s) {
  const auto is_touched = [&](int position) {
    for (int k = 0; k < kernel; ++k) {
      const std::int64_t begin = std::int64_t{position} + s.padding - std::int64_t{k} * s.dilation;
      if (begin >= 0 && begin % s.stride == 0 && begin / s.stride < outputs) return true;
    }
    return false;
  };
  std::int64_t count = 0;
  for (int position = 0; position < extent; ++position) count += is_touched(position) ? 1 : 0;
  return count;
}

void check(const Conv2dShape& s) {
  require("Conv2d", {{"batch", s.batch, 0},
                     {"height", s.height, 1},
                     {"width", s.width, 1},
                     {"channels", s.channels, 1},
                     {"outputs", s.outputs, 1},
                     {"kernel height", s.kernel_height, 1},
                     {"kernel width", s.kernel_width, 1},
                     {"stride", s.stride, 1},
                     {"padding", s.padding, 0},
                     {"dilation", s.dilation, 1},
                     {"groups", s.groups, 1}});
  require_divides("Conv2d", "groups", s.groups, s.channels);
  require_divides("Conv2d", "groups", s.groups, s.outputs);
  const auto room = [&](int image, int kernel) {
    return std::int64_t{image} + 2 * std::int64_t{s.padding} - std::int64_t{s.dilation} * (kernel - 1);
  };
  require("Conv2d", {{"room for the kernel in the padded height", room(s.height, s.kernel_height), 1},
                     {"room for the kernel in the padded width", room(s.width, s.kernel_width), 1}});
}

/// The keys that a query sees.
struct Keys {
  std::int64_t begin;
  std::int64_t end;
};

Keys visible(const AttentionShape& s, int query) {
  if (!s.causal) return {0, s.keys};
  const std::int64_t own = std::int64_t{s.first_query} + query;
  const std::int64_t begin = s.window > 0 ? std::max<std::int64_t>(0, own + 1 - s.window) : 0;
  return {begin, std::max(begin, std::min<std::int64_t>(own + 1, s.keys))};
}

void check(const AttentionShape& s) {
  require("Attention", {{"batch", s.batch, 0},
                        {"queries", s.queries, 0},
                        {"keys", s.keys, 0},
                        {"heads", s.heads, 1},
                        {"key heads", s.key_heads, 1},
                        {"size", s.size, 1},
                        {"first query", s.first_query, 0},
                        {"window", s.window, 0}});
  require_divides("Attention", "key heads", s.key_heads, s.heads);
  if (s.window > 0 && !s.causal) throw_invalid({"Attention: a window is for causal attention only"});
}

Work pool(const char* layer, int batch, int height, int width, int channels, int kernel, int stride) {
  require(layer, {{"batch", batch, 0},
                  {"channels", channels, 1},
                  {"kernel", kernel, 1},
                  {"stride", stride, 1},
                  {"height", height, kernel},
                  {"width", width, kernel}});
  const Conv2dShape s{
      .height = height, .width = width, .kernel_height = kernel, .kernel_width = kernel, .stride = stride};
  const std::int64_t OH = s.output_height(), OW = s.output_width();
  const std::int64_t read = touched(height, s.output_height(), kernel, s) * touched(width, s.output_width(), kernel, s);
  return {.bytes_read = product({kFloat, batch, read, channels}),
          .bytes_written = product({kFloat, batch, OH, OW, channels})};
}

}  // namespace

Work& Work::operator+=(const Work& other) {
  additions += other.additions;
  multiplications += other.multiplications;
  divisions += other.divisions;
  roots += other.roots;
  comparisons += other.comparisons;
  functions += other.functions;
  bytes_read += other.bytes_read;
  bytes_written += other.bytes_written;
  return *this;
}

Work operator*(Work w, std::int64_t times) {
  for (std::int64_t* count : {&w.additions, &w.multiplications, &w.divisions, &w.roots, &w.comparisons, &w.functions,
                              &w.bytes_read, &w.bytes_written}) {
    *count = product({*count, times});
  }
  return w;
}

Work FlopCounter::linear(const LinearShape& s) {
  require("Linear", {{"rows", s.rows, 0}, {"inputs", s.inputs, 0}, {"outputs", s.outputs, 0}});
  return contraction(product({s.rows, s.outputs}), s.inputs, s.outputs, s.bias, product({s.rows, s.inputs}));
}

Work FlopCounter::conv2d(const Conv2dShape& s) {
  check(s);
  const int OH = s.output_height(), OW = s.output_width();
  const std::int64_t rows = touched(s.height, OH, s.kernel_height, s),
                     columns = touched(s.width, OW, s.kernel_width, s);
  return contraction(product({s.batch, OH, OW, s.outputs}),
                     product({s.kernel_height, s.kernel_width, s.channels / s.groups}), s.outputs, s.bias,
                     product({s.batch, rows, columns, s.channels}));
}

Work FlopCounter::attention(const AttentionShape& s) {
  check(s);
  std::int64_t pairs = 0, seeing = 0;  // of queries and keys; queries that see any
  Keys all{0, 0};
  for (int t = 0; t < s.queries; ++t) {
    const auto [begin, end] = visible(s, t);
    if (begin == end) continue;
    if (seeing == 0) all.begin = begin;
    all.end = end;
    pairs += end - begin;
    ++seeing;
  }
  const std::int64_t D = s.size;
  const std::int64_t terms = product({2, pairs, D});
  const Work head{.additions = terms + 2 * pairs + kJoin * seeing,
                  .multiplications = terms + pairs,
                  .divisions = product({seeing, D}),
                  .comparisons = pairs,
                  .functions = pairs,
                  .bytes_read = product({kFloat, seeing, D}),
                  .bytes_written = product({kFloat, s.queries, D})};
  Work work = head * s.heads;
  work.bytes_read += product({2, kFloat, all.end - all.begin, s.key_heads, D});
  return work * s.batch;
}

Work FlopCounter::softmax(int rows, int columns) { return work_of(kSoftmax, rows, columns); }
Work FlopCounter::rms_norm(int rows, int columns) { return work_of(kRmsNorm, rows, columns); }
Work FlopCounter::layer_norm(int rows, int columns) { return work_of(kLayerNorm, rows, columns); }
Work FlopCounter::batch_norm(int rows, int channels) { return work_of(kBatchNorm, rows, channels); }
Work FlopCounter::relu(std::int64_t elements) { return work_of(kRelu, 1, elements); }
Work FlopCounter::gelu(std::int64_t elements) { return work_of(kGelu, 1, elements); }
Work FlopCounter::silu(std::int64_t elements) { return work_of(kSilu, 1, elements); }
Work FlopCounter::swiglu(std::int64_t elements) { return work_of(kSwiglu, 1, elements); }
Work FlopCounter::add(std::int64_t elements) { return work_of(kAdd, 1, elements); }

Work FlopCounter::rope(int tokens, int heads, int size) {
  require("RoPE", {{"tokens", tokens, 0}, {"heads", heads, 1}, {"size", size, 2}});
  require_divides("RoPE", "elements of a pair", 2, size);
  const std::int64_t table = product({2, kFloat, tokens, size});  // a sine and a cosine for each element
  const std::int64_t n = product({tokens, heads, size});
  return {.additions = n, .multiplications = 2 * n, .bytes_read = kFloat * n + table, .bytes_written = kFloat * n};
}

Work FlopCounter::max_pool(int batch, int height, int width, int channels, int kernel, int stride) {
  Work work = pool("MaxPool", batch, height, width, channels, kernel, stride);
  work.comparisons = product({work.bytes_written / kFloat, kernel, kernel});
  return work;
}

Work FlopCounter::average_pool(int batch, int height, int width, int channels, int kernel, int stride) {
  Work work = pool("AvgPool", batch, height, width, channels, kernel, stride);
  work.divisions = work.bytes_written / kFloat;
  work.additions = product({work.divisions, kernel, kernel});
  return work;
}

Work FlopCounter::embedding(int tokens, int size) {
  require("Embedding", {{"tokens", tokens, 0}, {"size", size, 1}});
  const std::int64_t rows = product({kFloat, tokens, size});
  return {.bytes_read = rows + kFloat * tokens, .bytes_written = rows};
}

}  // namespace optlab::profile
