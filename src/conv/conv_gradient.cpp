#include "conv/conv_gradient.h"

#include <algorithm>
#include <vector>

#include "conv/packed_filter.h"
#include "conv/walk.h"
#include "core/error.h"
#include "core/ladder.h"
#include "simd/targets.h"

namespace optlab::conv {
namespace {

using detail::GradientTask;
using detail::Indirection;
using detail::Kernels;
using detail::line_bytes;
using detail::round_up;
using detail::Stretches;
using detail::Tiles;

constexpr std::string_view kTileIdea = "a tile of the gradient in registers while the pixels go by";
constexpr std::string_view kThreadsIdea = "the gradient's elements divided among the cores";
constexpr simd::Ideas kIdeas{
    .simd = kTileIdea, .wide = kTileIdea, .threads = kThreadsIdea, .fused = kTileIdea, .fused_threads = kThreadsIdea};

constexpr Ladder<GradientVariant> ladder() {
  Ladder<GradientVariant> rows;
  rows.add(
      {{"naive", "seven loops, an element of the gradient at a time", "scalar", Mode::kExact, false, always}, nullptr});
  if constexpr (simd::kHasScalar) {
    rows.add({{"scalar", kTileIdea, "scalar", Mode::kExact, false, always}, &detail::KernelsOf<simd::Scalar>::kTable});
  }
  simd::for_each_target([&]<class Simd>(const simd::Target& target) {
    for (const bool threaded : {false, true}) {
      rows.add({row_of(target, threaded, kIdeas), &detail::KernelsOf<Simd>::kTable});
    }
  });
  return rows;
}

void check_size(const char* what, std::size_t size, std::size_t wanted) {
  if (size != wanted) throw_invalid({"conv gradient: ", what, " has ", size, " elements; ", wanted, " are wanted"});
}

bool is_depthwise(const Geometry& g) { return g.groups == g.channels && g.outputs == g.channels; }

/// The gradient of the weights, by pointers to the windows of a chunk of pixels at a time.
class WeightGradient {
 public:
  WeightGradient(const Kernels& kernels, const Geometry& g, const float* input, const float* dy)
      : kernels_(kernels),
        g_(g),
        problem_{g, input, nullptr, nullptr, {}},
        dy_(dy),
        depthwise_(is_depthwise(g)),
        stretches_(depthwise_ ? detail::depthwise_stretches_of(g) : detail::stretches_of(g)),
        padded_(depthwise_ ? g.channels : round_up(g.group_outputs(), kernels.lanes)) {}

  std::size_t scratch_bytes(int threads) const {
    return sum_bytes() + line_bytes<float>(stretches_.length) +
           (pointer_bytes() + patch_bytes() + edge_bytes()) * static_cast<std::size_t>(threads);
  }

  void run(const Workspace& workspace, float* gradient) const noexcept {
    auto* sums = reinterpret_cast<float*>(workspace.scratch);
    auto* zeros = reinterpret_cast<float*>(workspace.scratch + sum_bytes());
    std::fill_n(sums, sum_floats(), 0.0F);
    std::fill_n(zeros, stretches_.length, 0.0F);
    std::byte* own = workspace.scratch + sum_bytes() + line_bytes<float>(stretches_.length);
    const int workers = std::min(detail::useful_workers(g_, workspace), tiles());
    workspace.pool.run(workers, [&](int worker) {
      std::byte* mine = own + (pointer_bytes() + patch_bytes() + edge_bytes()) * static_cast<std::size_t>(worker);
      run_tiles(parallel::partition(tiles(), workers, worker), sums, zeros, mine);
    });
    const int columns = depthwise_ ? g_.channels : g_.group_outputs();
    const int groups = depthwise_ ? 1 : g_.groups;
    for (int group = 0; group < groups; ++group) {
      for (int k = 0; k < depth(); ++k) {
        const float* from = sums + (static_cast<std::ptrdiff_t>(group) * depth() + k) * padded_;
        std::copy_n(from, columns, gradient + static_cast<std::ptrdiff_t>(k) * g_.outputs + group * columns);
      }
    }
  }

 private:
  // Of one group: rows of the gradient, and the tiles they make. A depthwise tile is a position of the window.
  int depth() const { return depthwise_ ? stretches_.segments : stretches_.segments * stretches_.length; }
  int segment_tiles() const { return (stretches_.length + detail::kGradientRows - 1) / detail::kGradientRows; }
  int tiles() const { return depthwise_ ? stretches_.segments : stretches_.segments * segment_tiles(); }

  std::size_t sum_floats() const {
    return static_cast<std::size_t>(depthwise_ ? 1 : g_.groups) * depth() * static_cast<std::size_t>(padded_);
  }
  std::size_t sum_bytes() const { return line_bytes<float>(sum_floats()); }
  std::size_t pointer_bytes() const {
    return line_bytes<const float*>(static_cast<std::size_t>(detail::kChunkPixels) * stretches_.segments);
  }
  std::size_t patch_bytes() const {
    return line_bytes<float>(Indirection::patch_floats(g_, stretches_, detail::kChunkPixels));
  }
  /// dy whose channels don't fill whole vectors, filled up.
  std::size_t edge_bytes() const {
    return padded_ == g_.group_outputs() || depthwise_
               ? 0
               : line_bytes<float>(static_cast<std::size_t>(detail::kChunkPixels) * padded_);
  }

  /// A worker's tiles, over all pixels.
  void run_tiles(parallel::Range range, float* sums, const float* zeros, std::byte* scratch) const noexcept {
    auto** rows = reinterpret_cast<const float**>(scratch);
    auto* patches = reinterpret_cast<float*>(scratch + pointer_bytes());
    auto* edge = reinterpret_cast<float*>(scratch + pointer_bytes() + patch_bytes());
    const Indirection indirection(problem_, stretches_, zeros);
    const int pixels = g_.pixels();
    for (int first = 0; first < pixels; first += detail::kChunkPixels) {
      GradientTask task{};
      task.pixels = std::min(detail::kChunkPixels, pixels - first);
      const Tiles chunk(task.pixels, task.pixels);  // one: [segments][pixels]
      const float* dy = dy_ + static_cast<std::ptrdiff_t>(first) * g_.outputs;
      if (depthwise_) {
        indirection.point(first, chunk, 0, rows, patches);
        run_depthwise(task.pixels, range, rows, dy, sums);
        continue;
      }
      for (int group = 0; group < g_.groups; ++group) {
        indirection.point(first, chunk, group * g_.group_channels(), rows, patches);
        set_output(task, dy + group * g_.group_outputs(), edge);
        run_group(task, range, rows, sums + static_cast<std::ptrdiff_t>(group) * depth() * padded_);
      }
    }
  }

  void set_output(GradientTask& task, const float* dy, float* edge) const noexcept {
    task.output = dy;
    task.pixel_stride = g_.outputs;
    const int columns = g_.group_outputs();
    if (padded_ == columns) return;
    for (int p = 0; p < task.pixels; ++p) {
      float* to = std::copy_n(dy + static_cast<std::ptrdiff_t>(p) * g_.outputs, columns,
                              edge + static_cast<std::ptrdiff_t>(p) * padded_);
      std::fill_n(to, padded_ - columns, 0.0F);
    }
    task.output = edge;
    task.pixel_stride = padded_;
  }

  void run_group(GradientTask task, parallel::Range range, const float** rows, float* sums) const noexcept {
    task.weight_stride = padded_;
    const float* const output = task.output;
    for (int tile = range.begin; tile < range.end; ++tile) {
      const int segment = tile / segment_tiles();
      const auto [begin, end] = parallel::partition(stretches_.length, segment_tiles(), tile % segment_tiles());
      task.rows = rows + static_cast<std::ptrdiff_t>(segment) * task.pixels;
      task.first = begin;
      for (int n = 0; n < padded_; n += kernels_.columns()) {
        const int vectors = std::min(kernels_.columns(), padded_ - n) / kernels_.lanes;
        task.output = output + n;
        task.gradient = sums + (static_cast<std::ptrdiff_t>(segment) * stretches_.length + begin) * padded_ + n;
        kernels_.gradient[end - begin - 1][vectors - 1](task);
      }
    }
  }

  /// Each channel by itself; no kernel of its own, since nothing here trains such layers often.
  void run_depthwise(int pixels, parallel::Range range, const float** rows, const float* dy,
                     float* sums) const noexcept {
    for (int position = range.begin; position < range.end; ++position) {
      const float* const* from = rows + static_cast<std::ptrdiff_t>(position) * pixels;
      float* to = sums + static_cast<std::ptrdiff_t>(position) * padded_;
      for (int p = 0; p < pixels; ++p) {
        const float* x = from[p];
        const float* by = dy + static_cast<std::ptrdiff_t>(p) * g_.outputs;
        for (int c = 0; c < g_.channels; ++c) to[c] += x[c] * by[c];
      }
    }
  }

  const Kernels& kernels_;
  const Geometry& g_;
  Problem problem_;
  const float* dy_;
  bool depthwise_;
  Stretches stretches_;
  int padded_;  // columns of the sums
};

void naive_weight_gradient(const Geometry& g, const float* input, const float* dy, float* gradient) noexcept {
  const int OH = g.output_height(), OW = g.output_width(), C = g.group_channels(), OC = g.outputs;
  for (int i = 0; i < g.depth() * OC; ++i) {
    const int oc = i % OC, c = i / OC % C, kw = i / OC / C % g.kernel_width, kh = i / OC / C / g.kernel_width;
    const int channel = oc / g.group_outputs() * C + c;
    float sum = 0.0F;
    for (int p = 0; p < g.pixels(); ++p) {
      const int y = p / OW % OH * g.stride - g.padding + kh * g.dilation;
      const int x = p % OW * g.stride - g.padding + kw * g.dilation;
      const bool inside = y >= 0 && y < g.height && x >= 0 && x < g.width;
      const auto row = static_cast<std::ptrdiff_t>(p / OW / OH) * g.height + y;
      const float value = inside ? input[(row * g.width + x) * g.channels + channel] : 0.0F;
      sum += value * dy[static_cast<std::ptrdiff_t>(p) * OC + oc];
    }
    gradient[i] = sum;
  }
}

const Variant& convolution_for(const GradientVariant& variant, const Geometry& geometry) {
  if (variant.kernels == nullptr) return variants().front();
  return best_of(variant.isa, variant.mode, variant.threaded, geometry);
}

const gemm::Variant& product_for(const GradientVariant& variant) {
  const gemm::Variant* found = &gemm::variants().front();
  if (variant.kernels == nullptr) return *found;
  for (const gemm::Variant& candidate : gemm::variants()) {
    const bool same = candidate.isa == variant.isa && candidate.mode == variant.mode;
    if (same && candidate.threaded == variant.threaded && candidate.panels.columns > 0) found = &candidate;
  }
  return *found;
}

/// Whether the gradient of the input is a convolution that Geometry can express.
bool turns_round(const Geometry& g) {
  return g.stride == 1 && g.kernel_height == g.kernel_width && g.padding <= g.dilation * (g.kernel_height - 1);
}

Geometry turned(const Geometry& g) {
  Geometry t = g;
  t.height = g.output_height();
  t.width = g.output_width();
  t.channels = g.outputs;
  t.outputs = g.channels;
  t.padding = g.dilation * (g.kernel_height - 1) - g.padding;
  return t;
}

/// to[kh,kw,oc,c] = weights[KH-1-kh, KW-1-kw, c, oc], group by group.
std::vector<float> turned_weights(const Geometry& g, std::span<const float> weights) {
  const int C = g.group_channels(), OC = g.group_outputs(), positions = g.kernel_height * g.kernel_width;
  std::vector<float> to(weights.size());
  for (int position = 0; position < positions; ++position) {
    const float* from = weights.data() + static_cast<std::ptrdiff_t>(positions - 1 - position) * C * g.outputs;
    float* out = to.data() + static_cast<std::ptrdiff_t>(position) * OC * g.channels;
    for (int group = 0; group < g.groups; ++group) {
      for (int oc = 0; oc < OC; ++oc) {
        for (int c = 0; c < C; ++c) out[oc * g.channels + group * C + c] = from[c * g.outputs + group * OC + oc];
      }
    }
  }
  return to;
}

/// dx of one input pixel from the windows' terms [OH,OW,KH,KW,C/G] of its image, one group: in the order of (kh, kw).
void gather_pixel(const Geometry& g, const float* terms, int y, int x, float* dx) noexcept {
  const int OH = g.output_height(), OW = g.output_width(), C = g.group_channels();
  std::fill_n(dx, C, 0.0F);
  for (int kh = 0; kh < g.kernel_height; ++kh) {
    const int top = y + g.padding - kh * g.dilation;
    if (top < 0 || top % g.stride != 0 || top / g.stride >= OH) continue;
    for (int kw = 0; kw < g.kernel_width; ++kw) {
      const int left = x + g.padding - kw * g.dilation;
      if (left < 0 || left % g.stride != 0 || left / g.stride >= OW) continue;
      const auto window = static_cast<std::ptrdiff_t>(top / g.stride) * OW + left / g.stride;
      const float* from = terms + window * g.depth() + static_cast<std::ptrdiff_t>(kh * g.kernel_width + kw) * C;
      for (int c = 0; c < C; ++c) dx[c] += from[c];
    }
  }
}

/// The general case: what every window sends back, then each input element's share of it.
void gather_gradient(const GradientVariant& variant, const Geometry& g, const float* weights, const float* dy,
                     float* dx, Context& context) {
  constexpr std::size_t kTermFloats = std::size_t{1} << 21;  // 8 MiB
  const int C = g.group_channels(), OC = g.group_outputs();
  const int windows = g.output_height() * g.output_width();
  const std::size_t image_terms = static_cast<std::size_t>(windows) * g.depth();
  const int block = static_cast<int>(std::clamp<std::size_t>(kTermFloats / image_terms, 1, std::max(1, g.batch)));
  std::vector<float> terms(image_terms * block);
  const gemm::Variant& product = product_for(variant);
  const int threads = variant.threaded ? context.pool.threads() : 1;
  for (int n = 0; n < g.batch; n += block) {
    const int images = std::min(block, g.batch - n);
    for (int group = 0; group < g.groups; ++group) {
      const ConstMatrixView a{dy + static_cast<std::ptrdiff_t>(n) * windows * g.outputs + group * OC, images * windows,
                              OC, g.outputs, 1};
      const ConstMatrixView w{weights + group * OC, g.depth(), OC, g.outputs, 1};
      gemm::multiply(product, {a, w.transposed(), {terms.data(), a.rows, g.depth(), g.depth(), 1}}, context);
      const int rows = images * g.height;
      context.pool.run(threads, [&](int worker) {
        const auto [begin, end] = parallel::partition(rows, threads, worker);
        for (int row = begin; row < end; ++row) {
          float* to = dx + ((static_cast<std::ptrdiff_t>(n) * g.height + row) * g.width) * g.channels + group * C;
          const float* from = terms.data() + image_terms * (row / g.height);
          for (int x = 0; x < g.width; ++x) gather_pixel(g, from, row % g.height, x, to + x * g.channels);
        }
      });
    }
  }
}

}  // namespace

std::span<const GradientVariant> gradient_variants() {
  static constexpr Ladder<GradientVariant> kVariants = ladder();
  return kVariants;
}

const GradientVariant& best_gradient(Mode mode, int threads) { return best_row(gradient_variants(), mode, threads); }

const GradientVariant& best_gradient_of(std::string_view isa, Mode mode, bool threaded) {
  return last_row(gradient_variants(), 2, [&](const GradientVariant& row) {
    return row.isa == isa && row.mode == mode && row.threaded == threaded;
  });
}

void weight_gradient(const GradientVariant& variant, const Geometry& geometry, std::span<const float> input,
                     std::span<const float> dy, std::span<float> gradient, Context& context) {
  check(geometry);
  check_size("the input", input.size(), geometry.input_count());
  check_size("dy", dy.size(), geometry.output_count());
  check_size("the gradient", gradient.size(), geometry.weight_count());
  if (variant.kernels == nullptr) return naive_weight_gradient(geometry, input.data(), dy.data(), gradient.data());
  const int threads = variant.threaded ? context.pool.threads() : 1;
  const WeightGradient work(*variant.kernels, geometry, input.data(), dy.data());
  context.scratch.reserve(work.scratch_bytes(threads));
  work.run({context.pool, threads, context.scratch.data(), context.blocking}, gradient.data());
}

void input_gradient(const GradientVariant& variant, const Geometry& geometry, std::span<const float> weights,
                    std::span<const float> dy, std::span<float> dx, Context& context) {
  check(geometry);
  check_size("the weights", weights.size(), geometry.weight_count());
  check_size("dy", dy.size(), geometry.output_count());
  check_size("dx", dx.size(), geometry.input_count());
  if (dx.empty()) return;
  if (!turns_round(geometry)) {
    return gather_gradient(variant, geometry, weights.data(), dy.data(), dx.data(), context);
  }
  const Geometry back = turned(geometry);
  const Variant& convolution = convolution_for(variant, back);
  const PackedFilter filter(convolution, back, turned_weights(geometry, weights));
  convolve(convolution, back, dy, filter, dx, {}, context);
}

}  // namespace optlab::conv
