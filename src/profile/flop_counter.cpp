#include "profile/flop_counter.h"

#include <algorithm>
#include <initializer_list>

#include "core/error.h"

namespace optlab::profile {
namespace {

constexpr std::int64_t kFloat = 4;            // bytes
constexpr std::int64_t kStripes = 16;         // in which this library takes sums over a row …
constexpr std::int64_t kJoin = kStripes - 1;  // … and the additions that join them

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

/// One operation on each element, of one or two operands.
Work elementwise(const char* layer, std::int64_t elements, int operands) {
  require(layer, {{"elements", elements, 0}});
  return {.bytes_read = product({kFloat, elements, operands}), .bytes_written = product({kFloat, elements})};
}

/// Operands and result of a row operation; `vectors`: weights of one row each.
Work rows_of(const char* layer, int rows, int columns, int vectors) {
  require(layer, {{"rows", rows, 0}, {"columns", columns, 0}});
  const std::int64_t elements = product({rows, columns});
  return {.bytes_read = kFloat * (elements + (rows > 0 ? std::int64_t{vectors} * columns : 0)),
          .bytes_written = kFloat * elements};
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
  const std::int64_t terms = product({s.rows, s.inputs, s.outputs});
  const std::int64_t results = product({s.rows, s.outputs});
  Work work{.additions = terms, .multiplications = terms};
  if (s.bias) work.additions += results;
  const std::int64_t parameters = product({s.inputs, s.outputs}) + (s.bias ? s.outputs : 0);
  work.bytes_read = s.rows > 0 ? kFloat * (product({s.rows, s.inputs}) + parameters) : 0;
  work.bytes_written = kFloat * results;
  return work;
}

Work FlopCounter::conv2d(const Conv2dShape& s) {
  check(s);
  const std::int64_t depth = product({s.kernel_height, s.kernel_width, s.channels / s.groups});
  const std::int64_t results = product({s.batch, s.output_height(), s.output_width(), s.outputs});
  const std::int64_t terms = product({results, depth});
  Work work{.additions = terms + (s.bias ? results : 0), .multiplications = terms};
  if (s.batch > 0) {
    const std::int64_t rows = touched(s.height, s.output_height(), s.kernel_height, s);
    const std::int64_t columns = touched(s.width, s.output_width(), s.kernel_width, s);
    const std::int64_t parameters = product({depth, s.outputs}) + (s.bias ? s.outputs : 0);
    work.bytes_read = kFloat * (product({s.batch, rows, columns, s.channels}) + parameters);
  }
  work.bytes_written = kFloat * results;
  return work;
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

Work FlopCounter::softmax(int rows, int columns) {
  Work work = rows_of("softmax", rows, columns, 0);
  const std::int64_t n = product({rows, columns});
  work.additions = 2 * n + kJoin * rows;
  work.divisions = work.comparisons = work.functions = n;
  return work;
}

Work FlopCounter::rms_norm(int rows, int columns) {
  Work work = rows_of("RMSNorm", rows, columns, 1);
  const std::int64_t n = product({rows, columns});
  work.additions = n + (kJoin + 1) * rows;
  work.multiplications = 3 * n;
  work.divisions = std::int64_t{2} * rows;
  work.roots = rows;
  return work;
}

Work FlopCounter::layer_norm(int rows, int columns) {
  Work work = rows_of("LayerNorm", rows, columns, 2);
  const std::int64_t n = product({rows, columns});
  work.additions = 5 * n + (2 * kJoin + 1) * rows;
  work.multiplications = 3 * n;
  work.divisions = std::int64_t{3} * rows;
  work.roots = rows;
  return work;
}

Work FlopCounter::batch_norm(int rows, int channels) {
  Work work = rows_of("BatchNorm", rows, channels, 2);
  work.additions = work.multiplications = product({rows, channels});
  return work;
}

Work FlopCounter::relu(std::int64_t elements) {
  Work work = elementwise("ReLU", elements, 1);
  work.comparisons = elements;
  return work;
}

Work FlopCounter::gelu(std::int64_t elements) {
  Work work = elementwise("GELU", elements, 1);
  work.multiplications = 6 * elements;
  work.additions = 2 * elements;
  work.functions = elements;
  return work;
}

Work FlopCounter::silu(std::int64_t elements) {
  Work work = elementwise("SiLU", elements, 1);
  work.additions = 2 * elements;
  work.divisions = work.functions = elements;
  return work;
}

Work FlopCounter::swiglu(std::int64_t elements) {
  Work work = silu(elements);
  work.multiplications += elements;
  work.bytes_read *= 2;
  return work;
}

Work FlopCounter::rope(int tokens, int heads, int size) {
  require("RoPE", {{"tokens", tokens, 0}, {"heads", heads, 1}, {"size", size, 2}});
  require_divides("RoPE", "elements of a pair", 2, size);
  const std::int64_t table = product({2, kFloat, tokens, size});  // a sine and a cosine for each element
  const std::int64_t n = product({tokens, heads, size});
  return {.additions = n, .multiplications = 2 * n, .bytes_read = kFloat * n + table, .bytes_written = kFloat * n};
}

Work FlopCounter::add(std::int64_t elements) {
  Work work = elementwise("add", elements, 2);
  work.additions = elements;
  return work;
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
