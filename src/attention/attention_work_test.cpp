// FlopCounter against the arithmetic of attention and of the row operations, counted operation by operation. The loops run twice:
// in floats, where they must give the bits of the library's exact rungs, and in numbers that count.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "attention/attention.h"
#include "attention/row_kernels.h"
#include "attention/row_ops.h"
#include "core/math.h"
#include "core/test_support.h"
#include "profile/counted.h"
#include "profile/flop_counter.h"

namespace optlab::attention {
namespace {

using math::exp;
using math::sqrt;
using math::tanh;
using profile::AttentionShape;
using profile::Counted;
using profile::CountedOperand;
using profile::FlopCounter;
using profile::Work;

constexpr int kStripes = 16;

template <class Number>
Number join(std::array<Number, kStripes>& stripes) {
  for (int width = kStripes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) stripes[i] += stripes[i + width];
  }
  return stripes[0];
}

template <class Number, class Term>
Number striped_sum(int n, const Term& term) {
  std::array<Number, kStripes> stripes{};
  for (int i = 0; i < n; ++i) stripes[i % kStripes] += term(i);
  return join(stripes);
}

template <class Number>
Number largest(const std::vector<Number>& values) {
  Number most = -INFINITY;
  for (const Number& value : values) {
    if (value > most) most = value;
  }
  return most;
}

/// One query head of one query; `first`: the offset of its key head.
template <class Number, class Operand>
std::vector<Number> attend_one(const AttentionShape& s, const Operand& q, int query, const Operand& k, const Operand& v,
                               int first, int begin, int end) {
  const int D = s.size, stride = s.key_heads * D;
  std::vector<Number> out(static_cast<std::size_t>(D), Number(0.0F)), p;
  if (begin >= end) return out;
  const float scale = 1.0F / std::sqrt(static_cast<float>(D));
  for (int key = begin; key < end; ++key) {
    Number sum = 0.0F;
    for (int d = 0; d < D; ++d) sum += q[query * D + d] * k[key * stride + first + d];
    p.push_back(sum * Number(scale));
  }
  const Number most = largest(p);
  std::array<Number, kStripes> stripes{};
  for (int key = begin; key < end; ++key) {
    Number& weight = p[static_cast<std::size_t>(key - begin)];
    weight = exp(weight - most);
    stripes[key % kStripes] += weight;
  }
  const Number sum = join(stripes);
  for (int key = begin; key < end; ++key) {
    for (int d = 0; d < D; ++d) out[d] += p[static_cast<std::size_t>(key - begin)] * v[key * stride + first + d];
  }
  for (Number& value : out) value /= sum;
  return out;
}

template <class Number, class Operand>
std::vector<Number> attend_in_order(const AttentionShape& s, const Operand& q, const Operand& k, const Operand& v) {
  std::vector<Number> out;
  for (int t = 0; t < s.queries; ++t) {
    for (int h = 0; h < s.heads; ++h) {
      const int own = s.first_query + t;
      const int end = s.causal ? std::min(own + 1, s.keys) : s.keys;
      const int begin = s.window > 0 ? std::max(0, own + 1 - s.window) : 0;
      const int first = h / (s.heads / s.key_heads) * s.size;
      const auto row = attend_one<Number>(s, q, t * s.heads + h, k, v, first, begin, end);
      out.insert(out.end(), row.begin(), row.end());
    }
  }
  return out;
}

// Full, causal, grouped queries, a step of generation, windows that leave out the first keys, queries that see none.
const AttentionShape kShapes[] = {
    {.queries = 5, .keys = 7, .heads = 2, .key_heads = 2, .size = 3},
    {.queries = 13, .keys = 13, .heads = 6, .key_heads = 2, .size = 5, .causal = true},
    {.queries = 1, .keys = 33, .heads = 4, .key_heads = 1, .size = 8, .causal = true, .first_query = 32},
    {.queries = 9, .keys = 20, .heads = 3, .key_heads = 3, .size = 4, .causal = true, .first_query = 11, .window = 4},
    {.queries = 6, .keys = 4, .heads = 2, .key_heads = 1, .size = 7, .causal = true, .first_query = 3, .window = 2},
    {.queries = 3, .keys = 0, .heads = 2, .key_heads = 1, .size = 2},
    {.queries = 40, .keys = 40, .heads = 1, .key_heads = 1, .size = 1, .causal = true}};

TEST(AttentionWork, IsWhatTheLoopsPerformWithMasksAndGroupedQueries) {
  parallel::ThreadPool pool(1);
  Arena scratch;
  Context context{pool, scratch};
  for (const AttentionShape& s : kShapes) {
    const auto q = random_values(s.queries * s.heads * s.size, 1, 2.0F);
    const auto k = random_values(s.keys * s.key_heads * s.size, 2, 2.0F),
               v = random_values(s.keys * s.key_heads * s.size, 3, 2.0F);
    std::vector<float> out(q.size());
    attend({.q = heads_view(q.data(), s.queries, s.heads, s.size),
            .k = heads_view(k.data(), s.keys, s.key_heads, s.size),
            .v = heads_view(v.data(), s.keys, s.key_heads, s.size),
            .out = heads_view(out.data(), s.queries, s.heads, s.size),
            .causal = s.causal,
            .first_query = s.first_query,
            .window = s.window},
           context);
    EXPECT_EQ(attend_in_order<float>(s, q, k, v), out);

    const CountedOperand counted_q(q), counted_k(k), counted_v(v);
    Work counted = profile::count_operations([&] { attend_in_order<Counted>(s, counted_q, counted_k, counted_v); });
    counted.bytes_read = counted_q.bytes_read() + counted_k.bytes_read() + counted_v.bytes_read();
    counted.bytes_written = 4 * static_cast<std::int64_t>(out.size());
    EXPECT_EQ(FlopCounter::attention(s), counted) << s.queries << " queries, " << s.keys << " keys";
  }
}

/// The operations of row_ops.h on one row, for floats or for numbers that count.
template <class Number, class Operand>
struct Rows {
  using Values = std::vector<Number>;
  const Operand& x;
  const Operand& weight;
  const Operand& bias;
  int columns;

  Number at(int row, int n) const { return x[static_cast<std::size_t>(row) * columns + n]; }

  Values softmax(int row) const {
    Values y;
    for (int n = 0; n < columns; ++n) y.push_back(at(row, n));
    const Number most = largest(y);
    for (Number& value : y) value = exp(value - most);
    const Number sum = striped_sum<Number>(columns, [&](int n) { return y[n]; });
    for (Number& value : y) value /= sum;
    return y;
  }
  Values rms_norm(int row) const {
    const Number squares = striped_sum<Number>(columns, [&](int n) { return at(row, n) * at(row, n); });
    const Number r = Number(1.0F) / sqrt(squares / Number(static_cast<float>(columns)) + Number(1e-5F));
    Values y;
    for (int n = 0; n < columns; ++n) y.push_back(at(row, n) * r * weight[n]);
    return y;
  }
  Values layer_norm(int row) const {
    const Number N = static_cast<float>(columns);
    const Number mean = striped_sum<Number>(columns, [&](int n) { return at(row, n); }) / N;
    const Number squares = striped_sum<Number>(columns, [&](int n) {
      const Number off = at(row, n) - mean;
      return off * off;
    });
    const Number r = Number(1.0F) / sqrt(squares / N + Number(1e-5F));
    Values y;
    for (int n = 0; n < columns; ++n) y.push_back((at(row, n) - mean) * r * weight[n] + bias[n]);
    return y;
  }
  Values gelu(int row) const {
    Values y;
    for (int n = 0; n < columns; ++n) {
      const Number v = at(row, n);
      const Number inner = Number(detail::kGeluScale) * (v + Number(detail::kGeluCubic) * (v * v * v));
      y.push_back(Number(0.5F) * v * (Number(1.0F) + tanh(inner)));
    }
    return y;
  }
  Values silu(int row) const {
    Values y;
    for (int n = 0; n < columns; ++n) y.push_back(at(row, n) / (Number(1.0F) + exp(Number(0.0F) - at(row, n))));
    return y;
  }
  /// `weight` holds the cosines, `bias` the sines.
  Values rope(int row) const {
    Values y;
    for (int n = 0; n < columns; n += 2) {
      const Number even = at(row, n), odd = at(row, n + 1);
      y.push_back(even * weight[n] + odd * bias[n]);
      y.push_back(odd * weight[n + 1] + even * bias[n + 1]);
    }
    return y;
  }
};

using FloatRows = Rows<float, std::vector<float>>;
using CountedRows = Rows<Counted, CountedOperand>;

/// One operation: as the library has it, as loops in floats and in numbers that count, and its count from the shape.
struct Operation {
  const char* name;
  void (*run)(const std::vector<float>& weight, const std::vector<float>& bias, ConstMatrixView, MatrixView,
              parallel::ThreadPool&);
  std::vector<float> (FloatRows::*in_floats)(int row) const;
  std::vector<Counted> (CountedRows::*counted)(int row) const;
  Work (*work)(int rows, int columns);
};

using Weights = const std::vector<float>&;
const Operation kOperations[] = {
    {"softmax",
     [](Weights, Weights, ConstMatrixView x, MatrixView y, parallel::ThreadPool& p) { softmax(best_rows(1), x, y, p); },
     &FloatRows::softmax, &CountedRows::softmax, FlopCounter::softmax},
    {"rms_norm",
     [](Weights w, Weights, ConstMatrixView x, MatrixView y, parallel::ThreadPool& p) {
       rms_norm(best_rows(1), x, w, 1e-5F, y, p);
     },
     &FloatRows::rms_norm, &CountedRows::rms_norm, FlopCounter::rms_norm},
    {"layer_norm",
     [](Weights w, Weights b, ConstMatrixView x, MatrixView y, parallel::ThreadPool& p) {
       layer_norm(best_rows(1), x, w, b, 1e-5F, y, p);
     },
     &FloatRows::layer_norm, &CountedRows::layer_norm, FlopCounter::layer_norm},
    {"gelu",
     [](Weights, Weights, ConstMatrixView x, MatrixView y, parallel::ThreadPool& p) { gelu(best_rows(1), x, y, p); },
     &FloatRows::gelu, &CountedRows::gelu, [](int M, int N) { return FlopCounter::gelu(std::int64_t{M} * N); }},
    {"silu",
     [](Weights, Weights, ConstMatrixView x, MatrixView y, parallel::ThreadPool& p) { silu(best_rows(1), x, y, p); },
     &FloatRows::silu, &CountedRows::silu, [](int M, int N) { return FlopCounter::silu(std::int64_t{M} * N); }}};

TEST(RowWork, IsWhatTheLoopsPerform) {
  parallel::ThreadPool pool(1);
  for (const Operation& operation : kOperations) {
    for (const int M : {1, 3}) {
      for (const int N : {1, 5, 16, 37}) {
        const auto x = random_values(M * N, 1, 2.0F), weight = random_values(N, 2, 2.0F),
                   bias = random_values(N, 3, 2.0F);
        std::vector<float> y(x.size()), loops;
        operation.run(weight, bias, matrix_view(x, M, N), matrix_view(y, M, N), pool);
        const FloatRows rows{x, weight, bias, N};
        for (int m = 0; m < M; ++m) {
          const auto row = (rows.*operation.in_floats)(m);
          loops.insert(loops.end(), row.begin(), row.end());
        }
        EXPECT_EQ(loops, y) << operation.name << " " << M << "x" << N;

        const CountedOperand counted_x(x), counted_weight(weight), counted_bias(bias);
        const CountedRows counting{counted_x, counted_weight, counted_bias, N};
        Work counted = profile::count_operations([&] {
          for (int m = 0; m < M; ++m) (counting.*operation.counted)(m);
        });
        counted.bytes_read = counted_x.bytes_read() + counted_weight.bytes_read() + counted_bias.bytes_read();
        counted.bytes_written = 4 * M * N;
        EXPECT_EQ(operation.work(M, N), counted) << operation.name << " " << M << "x" << N;
      }
    }
  }
}

TEST(RowWork, OfRotaryPositionsToo) {
  constexpr int kTokens = 3, kHeads = 5, kSize = 14;
  const RopeTable table(kTokens, kSize);
  auto x = random_values(kTokens * kHeads * kSize, 1, 2.0F);
  const auto before = x;
  parallel::ThreadPool pool(1);
  rope(best_rows(1), heads_view(x.data(), kTokens, kHeads, kSize), 0, table, pool);
  Work counted;
  for (int token = 0; token < kTokens; ++token) {
    const std::vector<float> cosines(table.cosines(token), table.cosines(token) + kSize);
    const std::vector<float> sines(table.sines(token), table.sines(token) + kSize);
    const CountedOperand counted_x(before), counted_cosines(cosines), counted_sines(sines);
    for (int row = token * kHeads; row < (token + 1) * kHeads; ++row) {
      EXPECT_EQ((FloatRows{before, cosines, sines, kSize}.rope(row)),
                std::vector<float>(x.begin() + row * kSize, x.begin() + (row + 1) * kSize));
      counted += profile::count_operations([&] {
        CountedRows{counted_x, counted_cosines, counted_sines, kSize}.rope(row);
      });
    }
    counted.bytes_read += counted_x.bytes_read() + counted_cosines.bytes_read() + counted_sines.bytes_read();
  }
  counted.bytes_written = 4 * kTokens * kHeads * kSize;
  EXPECT_EQ(FlopCounter::rope(kTokens, kHeads, kSize), counted);
}

}  // namespace
}  // namespace optlab::attention
