#include <algorithm>
#include <cmath>
#include <cstdint>

#include "attention/attention_kernels.h"
#include "attention/stored_kernels.h"
#include "attention/workers.h"

/// Which rows of queries meet which keys when. A row is a query of one head; the rows of all query heads that share a
/// key head are numbered together, token by token, so that they share its keys in registers and in cache.
namespace optlab::attention::detail {
namespace {

constexpr std::size_t kLineFloats = kCacheLine / sizeof(float);

std::size_t whole_lines(std::size_t floats) { return (floats + kLineFloats - 1) / kLineFloats * kLineFloats; }

constexpr int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

Span intersection(Span a, Span b) { return {std::max(a.begin, b.begin), std::min(a.end, b.end)}; }

constexpr int kMostKeys = 256;

/// Keys whose panels or values, 32 KiB, all tiles of a block visit while they are in the first or second-level cache; a
/// single tile visits them once, so that only its scores count. Prefill of 256 with D = 64, fused: 64 keys 62 and 34
/// GFLOP/s, 128 67 and 36, 256 66 and 36 (a Xeon, natively with AVX2 and in Node 24).
int keys_at_a_time(int size, bool single_tile) {
  constexpr int kFloats = 8192;
  if (single_tile) return kMostKeys;
  return std::clamp(kFloats / size / kPanelKeys * kPanelKeys, kPanelKeys, kMostKeys);
}

/// Scores lie a little more than S apart: a multiple of 4 KiB would put all rows of a tile into the same cache sets.
std::ptrdiff_t score_stride(const Problem& problem) { return round_up(problem.k.tokens, kPanelKeys) + kPanelKeys; }

bool is_stored(const Problem& problem) { return problem.stored.storage != Storage::kFloat32; }

/// Floats of a block of stored keys or values, expanded.
std::size_t expanded_floats(const Problem& problem) {
  const int D = problem.q.size;
  return is_stored(problem) ? static_cast<std::size_t>(keys_at_a_time(D, false)) * static_cast<std::size_t>(D) : 0;
}

/// Query rows that read stored numbers themselves. Two widen them twice, in registers; a copy for more costs less than
/// that.
constexpr int kDirectRows = 2;

struct Row {
  const float* q;
  float* out;
  Span keys;
};

/// Keys in panels, or values, as float32: those from `first` on.
struct Lines {
  const float* data = nullptr;
  int first = 0;
  std::ptrdiff_t stride = 0;
  const float* at(int key) const { return data + (key - first) * stride; }
};

/// Up to kBlockRows rows of one key head.
class Block {
 public:
  Block(const KernelSet& kernels, const Problem& problem, const KeyPanels& panels, int g, parallel::Range rows)
      : kernels_(kernels.plain), stored_kernels_(kernels.stored), problem_(problem), g_(g), count_(rows.size()) {
    const int group = problem.q.heads / problem.k.heads;
    for (int i = 0; i < count_; ++i) {
      const int t = (rows.begin + i) / group;
      const int h = g * group + (rows.begin + i) % group;
      rows_[i] = {problem.q.at(t, h), problem.out.at(t, h), visible(problem, t)};
      std::fill_n(rows_[i].out, problem.q.size, 0.0F);
    }
    if (is_stored(problem)) {
      direct_ = reads_stored();
      return;
    }
    keys_ = {panels.data + g * panels.head_stride, 0, problem.k.size};
    if (problem.k.tokens > 0) values_ = {problem.v.at(0, g), 0, problem.v.token_stride};
  }

  /// Scores of all keys, softmax of each row, then the weighted values.
  void run_two_pass(float* scratch) {
    const std::ptrdiff_t stride = score_stride(problem_);
    float* const scores = scratch + expanded_floats(problem_);
    for_each_tile([&](Span keys) { open_keys(keys, scratch); },
                  [&](int first, Span keys, int count) {
                    score(first, count, keys, scores + first * stride + keys.begin, stride);
                  });
    float sums[kBlockRows];
    for (int i = 0; i < count_; ++i) {
      const Span keys = rows_[i].keys;
      sums[i] = keys.empty() ? 1.0F : kernels_.softmax(scores + i * stride, keys.begin, keys.end);
    }
    for_each_tile([&](Span keys) { open_values(keys, scratch); },
                  [&](int first, Span keys, int count) {
                    weigh(first, count, keys, scores + first * stride + keys.begin, stride);
                  });
    for (int i = 0; i < count_; ++i) kernels_.divide(rows_[i].out, problem_.q.size, sums[i]);
  }

  /// The same a block of keys at a time: what is there so far is scaled down whenever a row's maximum rises.
  void run_online(float* scratch) {
    constexpr std::ptrdiff_t kStride = kOnlineStride;
    float* const expanded_values = scratch + expanded_floats(problem_);
    float* const scores = expanded_values + expanded_floats(problem_);
    Running running[kBlockRows];
    const auto open = [&](Span keys) {
      open_keys(keys, scratch);
      open_values(keys, expanded_values);
    };
    for_each_tile(open, [&](int first, Span keys, int count) {
      score(first, count, keys, scores, kStride);
      for (int i = 0; i < count; ++i) {
        const Span own = intersection(rows_[first + i].keys, keys);
        if (own.empty()) continue;
        const float factor = kernels_.softmax_online(scores + i * kStride, own.begin - keys.begin, own.end - keys.begin,
                                                     running[first + i]);
        if (factor != 1.0F) kernels_.multiply(rows_[first + i].out, problem_.q.size, factor);
      }
      weigh(first, count, keys, scores, kStride);
    });
    for (int i = 0; i < count_; ++i) {
      if (!rows_[i].keys.empty()) kernels_.divide(rows_[i].out, problem_.q.size, running[i].sum);
    }
  }

  static constexpr std::ptrdiff_t kOnlineStride = kMostKeys + kPanelKeys;

 private:
  /// Whether stored numbers needn't be expanded.
  bool reads_stored() const {
    const int D = problem_.q.size;
    if (count_ > kDirectRows || D % kStoredGrain != 0) return false;
    if (problem_.stored.storage == Storage::kInt8) return true;
    if (!problem_.stored.finite) return false;
    for (int i = 0; i < count_; ++i) {
      for (int d = 0; d < D; ++d) {
        if (!(std::abs(rows_[i].q[d]) < kMostQuery)) return false;
      }
    }
    return true;
  }

  /// Makes keys_ or values_ hold these, which begin at a panel.
  void open_keys(Span keys, float* scratch) {
    if (direct_ || !is_stored(problem_)) return;
    expand_keys(&stored_kernels_, problem_.stored, problem_.k.size, g_, keys, scratch);
    keys_ = {scratch, keys.begin, problem_.k.size};
  }
  void open_values(Span keys, float* scratch) {
    if (direct_ || !is_stored(problem_)) return;
    expand_values(&stored_kernels_, problem_.stored, problem_.k.size, g_, keys, scratch);
    values_ = {scratch, keys.begin, problem_.k.size};
  }

  /// Calls open(keys) for every block of keys, and body(first row, keys, rows) in it for every tile that sees one of them.
  /// `keys` begins at a panel.
  template <class Open, class Body>
  void for_each_tile(const Open& open, const Body& body) const {
    const Span all = hull(0, count_);
    const bool copies = is_stored(problem_) && !direct_;
    const int step = keys_at_a_time(problem_.q.size, count_ <= kernels_.rows && !copies);
    for (int key = all.begin / kPanelKeys * kPanelKeys; key < all.end; key += step) {
      open(Span{key, std::min(key + step, all.end)});
      for (int first = 0; first < count_; first += kernels_.rows) {
        const int count = std::min(kernels_.rows, count_ - first);
        const Span seen = intersection(hull(first, count), {key, key + step});
        if (!seen.empty()) body(first, Span{seen.begin / kPanelKeys * kPanelKeys, seen.end}, count);
      }
    }
  }

  /// The keys that any of some rows sees, and those between them.
  Span hull(int first, int count) const {
    Span all{problem_.k.tokens, 0};
    for (int i = first; i < first + count; ++i) {
      if (rows_[i].keys.empty()) continue;
      all = {std::min(all.begin, rows_[i].keys.begin), std::max(all.end, rows_[i].keys.end)};
    }
    return all;
  }

  const float* scales_at(const float* scales, int key) const {
    return scales == nullptr ? nullptr : scales + g_ * problem_.stored.scale_stride + key;
  }

  /// Where number `index` of this head is.
  const std::byte* stored_at(const std::byte* numbers, std::ptrdiff_t index) const {
    const std::ptrdiff_t bytes = problem_.stored.storage == Storage::kFloat16 ? 2 : 1;
    return numbers + (g_ * problem_.stored.head_stride + index) * bytes;
  }

  void score_stored(int row, Span keys, float* to) const {
    const Stored& stored = problem_.stored;
    const int D = problem_.q.size;
    const StoredScores block{.q = rows_[row].q,
                             .keys = stored_at(stored.keys, std::ptrdiff_t{keys.begin} * D),
                             .key_scales = scales_at(stored.key_scales, keys.begin),
                             .panels = round_up(keys.end - keys.begin, kPanelKeys) / kPanelKeys,
                             .size = D,
                             .scale = scale_,
                             .scores = to};
    (stored.storage == Storage::kInt8 ? stored_kernels_.int8_scores : stored_kernels_.half_scores)(block);
  }

  void weigh_stored(int row, Span keys, const float* p) const {
    const Stored& stored = problem_.stored;
    const int D = problem_.q.size;
    const StoredWeigh block{.p = p,
                            .values = stored_at(stored.values, std::ptrdiff_t{keys.begin} * D),
                            .value_scales = scales_at(stored.value_scales, keys.begin),
                            .keys = keys.end - keys.begin,
                            .size = D,
                            .out = rows_[row].out};
    (stored.storage == Storage::kInt8 ? stored_kernels_.int8_weigh : stored_kernels_.half_weigh)(block);
  }

  void score(int first, int count, Span keys, float* to, std::ptrdiff_t stride) const {
    if (direct_) {
      for (int i = 0; i < count; ++i) score_stored(first + i, keys, to + i * stride);
      return;
    }
    const int D = problem_.q.size;
    ScoreBlock block{.q = {},
                     .keys = keys_.at(keys.begin),
                     .panels = round_up(keys.end - keys.begin, kPanelKeys) / kPanelKeys,
                     .size = D,
                     .scale = scale_,
                     .scores = to,
                     .score_stride = stride};
    for (int done = 0; done < count;) {
      const int rows = kernels_.tile_rows(count - done);
      for (int i = 0; i < rows; ++i) block.q[i] = rows_[first + done + i].q;
      block.scores = to + done * stride;
      kernels_.scores[rows - 1](block);
      done += rows;
    }
  }

  /// Adds the values of `keys` to the rows' results; p[0] is the first row's weight of keys.begin. The keys that all
  /// rows see go through the tile. Those before and after belong to some: there a weight of 0 would do for numbers, but
  /// not for a NaN that a row must not see.
  void weigh(int first, int count, Span keys, const float* p, std::ptrdiff_t stride) const {
    if (direct_) {
      for (int i = 0; i < count; ++i) {
        const Span own = intersection(keys, rows_[first + i].keys);
        if (!own.empty()) weigh_stored(first + i, own, p + i * stride + (own.begin - keys.begin));
      }
      return;
    }
    Span common = keys;
    for (int i = first; i < first + count; ++i) common = intersection(common, rows_[i].keys);
    const auto add = [&](int row, int rows, Span span) {
      WeighBlock block{.p = p + (row - first) * stride + (span.begin - keys.begin),
                       .p_stride = stride,
                       .values = values_.at(span.begin),
                       .value_stride = values_.stride,
                       .keys = span.end - span.begin,
                       .size = problem_.q.size,
                       .out = {}};
      for (int i = 0; i < rows; ++i) block.out[i] = rows_[row + i].out;
      kernels_.weigh[rows - 1](block);
    };
    const auto add_each = [&](Span span) {
      for (int i = first; i < first + count; ++i) {
        if (const Span own = intersection(span, rows_[i].keys); !own.empty()) add(i, 1, own);
      }
    };
    if (common.empty()) return add_each(keys);
    add_each({keys.begin, common.begin});
    for (int done = 0; done < count;) {
      const int rows = kernels_.tile_rows(count - done);
      add(first + done, rows, common);
      done += rows;
    }
    add_each({common.end, keys.end});
  }

  const Kernels& kernels_;
  const StoredKernels& stored_kernels_;
  const Problem& problem_;
  const float scale_ = score_scale(problem_.q.size);
  int g_;
  int count_;
  bool direct_ = false;
  Lines keys_, values_;
  Row rows_[kBlockRows];
};

std::size_t packed_floats(const Problem& problem) {
  if (problem.k_panels.data != nullptr || is_stored(problem)) return 0;
  return static_cast<std::size_t>(problem.k.heads) * key_panel_floats(problem.k.tokens, problem.k.size);
}

/// K in panels: the problem's own, or a copy at `to`, which the workers make together.
KeyPanels panels_of(const Problem& problem, float* to, int workers, parallel::ThreadPool& pool) {
  if (problem.k_panels.data != nullptr || is_stored(problem)) return problem.k_panels;
  const int per_head = round_up(problem.k.tokens, kPanelKeys) / kPanelKeys;
  const auto head_stride = static_cast<std::ptrdiff_t>(key_panel_floats(problem.k.tokens, problem.k.size));
  pool.run(workers, [&](int worker) {
    const parallel::Range mine = parallel::partition(per_head * problem.k.heads, workers, worker);
    for (int i = mine.begin; i < mine.end; ++i) {
      const int key = i % per_head * kPanelKeys;
      const int g = i / per_head;
      pack_panel(problem.k.at(key, g), problem.k.token_stride, problem.k.size, 0,
                 std::min(kPanelKeys, problem.k.tokens - key),
                 to + g * head_stride + static_cast<std::ptrdiff_t>(key) * problem.k.size);
    }
  });
  return {to, head_stride};
}

/// Rows per block: kBlockRows, or fewer tiles so that every worker gets some.
int block_rows(const Kernels& kernels, int rows, int heads, int workers) {
  const std::int64_t fair = (std::int64_t{rows} * heads + 2 * workers - 1) / (2 * workers);
  return std::min(kBlockRows, round_up(static_cast<int>(std::min<std::int64_t>(fair, kBlockRows)), kernels.rows));
}

/// Calls run(block, scratch) for all blocks of all heads, on as many workers as they are worth.
template <class Run>
void for_each_block(const KernelSet& kernels, const Problem& problem, const Workspace& workspace,
                    std::size_t worker_floats, const Run& run) {
  const int G = problem.k.heads;
  if (problem.q.tokens == 0 || G == 0 || problem.q.heads == 0) return;
  auto* memory = reinterpret_cast<float*>(workspace.scratch);
  const int workers = useful_workers(flops(problem), workspace.threads, workspace.pool);
  const KeyPanels panels = panels_of(problem, memory, workers, workspace.pool);
  const int rows = problem.q.tokens * (problem.q.heads / G);
  const int step = block_rows(kernels.plain, rows, G, workers);
  const int blocks = (rows + step - 1) / step;
  workspace.pool.run(workers, [&](int worker) {
    float* scratch = memory + whole_lines(packed_floats(problem)) + worker * worker_floats;
    for (int i = 0; i < blocks * G; ++i) {
      // There and back again (0 1 1 0 0 1 …), since with a causal mask later blocks take longer.
      const int turn = i % (2 * workers);
      if ((turn < workers ? turn : 2 * workers - 1 - turn) != worker) continue;
      const int begin = i % blocks * step;
      Block block(kernels, problem, panels, i / blocks, {begin, std::min(begin + step, rows)});
      run(block, scratch);
    }
  });
}

std::size_t scratch_bytes(const Problem& problem, std::size_t worker_floats, int threads) {
  return sizeof(float) * (whole_lines(packed_floats(problem)) + worker_floats * static_cast<std::size_t>(threads));
}

std::size_t two_pass_floats(const Problem& problem) {
  return whole_lines(expanded_floats(problem) + kBlockRows * static_cast<std::size_t>(score_stride(problem)));
}

std::size_t online_floats(const Problem& problem) {
  return whole_lines(2 * expanded_floats(problem) + kMostRows * Block::kOnlineStride);
}

}  // namespace

std::size_t two_pass_scratch_bytes(const Problem& problem, const gemm::Blocking& /*blocking*/, int threads) {
  return scratch_bytes(problem, two_pass_floats(problem), threads);
}

std::size_t online_scratch_bytes(const Problem& problem, const gemm::Blocking& /*blocking*/, int threads) {
  return scratch_bytes(problem, online_floats(problem), threads);
}

void run_two_pass(const KernelSet& kernels, const Problem& problem, const Workspace& workspace) noexcept {
  for_each_block(kernels, problem, workspace, two_pass_floats(problem),
                 [](Block& block, float* scratch) { block.run_two_pass(scratch); });
}

void run_online(const KernelSet& kernels, const Problem& problem, const Workspace& workspace) noexcept {
  for_each_block(kernels, problem, workspace, online_floats(problem),
                 [](Block& block, float* scratch) { block.run_online(scratch); });
}

}  // namespace optlab::attention::detail
