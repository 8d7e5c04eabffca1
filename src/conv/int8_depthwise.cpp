#include "conv/int8_depthwise.h"

#include <algorithm>
#include <cstring>

#include "conv/walk.h"
#include "gemm/int8_kernels.h"
#include "parallel/thread_pool.h"

namespace optlab::conv::detail {
namespace {

/// What a worker needs for a pixel, carved out of scratch memory.
struct Room {
  const std::uint8_t** rows;  // of the taps
  std::uint8_t* padding;      // C bytes
  std::int32_t* part;         // sums of C channels
  std::int32_t* all;          // sums of OC channels

  static std::size_t bytes(const Geometry& g) {
    const auto taps = static_cast<std::size_t>(g.kernel_height) * g.kernel_width;
    return line_bytes<const std::uint8_t*>(taps) + line_bytes<std::uint8_t>(g.channels) +
           line_bytes<std::int32_t>(g.channels) + line_bytes<std::int32_t>(g.outputs);
  }
  Room(const Geometry& g, std::byte* from) {
    const auto taps = static_cast<std::size_t>(g.kernel_height) * g.kernel_width;
    rows = reinterpret_cast<const std::uint8_t**>(from);
    from += line_bytes<const std::uint8_t*>(taps);
    padding = reinterpret_cast<std::uint8_t*>(from);
    from += line_bytes<std::uint8_t>(g.channels);
    part = reinterpret_cast<std::int32_t*>(from);
    all = reinterpret_cast<std::int32_t*>(from + line_bytes<std::int32_t>(g.channels));
  }
};

struct Depthwise {
  const gemm::detail::Int8Kernels& kernels;
  const Geometry& g;
  const std::uint8_t* input;
  const DepthwiseInt8Weights& weights;
  const DepthwiseInt8Result& result;
  std::int32_t* offsets;
  float* scales;

  /// The pixels under the window at output pixel (n, oy, ox).
  void point(int n, int oy, int ox, const Room& room) const {
    const std::uint8_t** row = room.rows;
    for (int kh = 0; kh < g.kernel_height; ++kh) {
      const int y = oy * g.stride - g.padding + kh * g.dilation;
      for (int kw = 0; kw < g.kernel_width; ++kw) {
        const int x = ox * g.stride - g.padding + kw * g.dilation;
        const bool inside = y >= 0 && y < g.height && x >= 0 && x < g.width;
        const std::ptrdiff_t pixel = (static_cast<std::ptrdiff_t>(n) * g.height + y) * g.width + x;
        *row++ = inside ? input + pixel * g.channels : room.padding;
      }
    }
  }

  /// Sums of all output channels of a pixel, into `to`.
  void multiply(const Room& room, std::int32_t* to) const {
    const int taps = g.kernel_height * g.kernel_width;
    const int multiplier = g.group_outputs();
    for (int j = 0; j < multiplier; ++j) {
      std::int32_t* sums = multiplier == 1 ? to : room.part;
      const std::int16_t* w = weights.taps.data() + static_cast<std::ptrdiff_t>(j) * taps * g.channels;
      kernels.taps({room.rows, taps, w, g.channels, sums});
      if (multiplier == 1) continue;
      for (int c = 0; c < g.channels; ++c) to[c * multiplier + j] = sums[c];
    }
  }

  void run_pixel(int pixel, const Room& room) const {
    const int width = g.output_width();
    const int height = g.output_height();
    point(pixel / width / height, pixel / width % height, pixel % width, room);
    const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(pixel) * g.outputs;
    if (result.requantization == nullptr) return multiply(room, result.sums + first);
    multiply(room, room.all);
    const gemm::Requantization& q = *result.requantization;
    const simd::ByteRange range{static_cast<float>(q.zero_point), static_cast<float>(q.low),
                                static_cast<float>(q.high)};
    kernels.requantize({room.all, g.outputs, 1, g.outputs, offsets, scales, range, result.bytes + first, g.outputs});
  }
};

}  // namespace

DepthwiseInt8Weights pack_depthwise_int8(const Geometry& g, std::span<const std::int8_t> weights) {
  const int taps = g.kernel_height * g.kernel_width;
  const int multiplier = g.group_outputs();
  DepthwiseInt8Weights packed{std::vector<std::int16_t>(weights.size()),
                              std::vector<std::int32_t>(static_cast<std::size_t>(g.outputs))};
  for (int t = 0; t < taps; ++t) {
    for (int oc = 0; oc < g.outputs; ++oc) {
      // NOLINTNEXTLINE(bugprone-signed-char-misuse): a number, no character
      const std::int16_t weight = weights[static_cast<std::size_t>(t) * g.outputs + oc];
      const int j = oc % multiplier;
      packed.taps[(static_cast<std::size_t>(j) * taps + t) * g.channels + oc / multiplier] = weight;
      packed.sums[static_cast<std::size_t>(oc)] += weight;
    }
  }
  return packed;
}

void run_depthwise_int8(const gemm::Int8Variant& variant, const Geometry& g, const std::uint8_t* input, int zero_point,
                        const DepthwiseInt8Weights& weights, const DepthwiseInt8Result& result, Context& context) {
  const int threads = variant.threaded ? context.pool.threads() : 1;
  const std::size_t shared = line_bytes<std::int32_t>(g.outputs) + line_bytes<float>(g.outputs);
  context.scratch.reserve(shared + Room::bytes(g) * static_cast<std::size_t>(threads));
  std::byte* const scratch = context.scratch.data();
  auto* offsets = reinterpret_cast<std::int32_t*>(scratch);
  auto* scales = reinterpret_cast<float*>(scratch + line_bytes<std::int32_t>(g.outputs));
  if (result.requantization != nullptr) {
    gemm::detail::fill_requantization(*result.requantization, zero_point, weights.sums, offsets, scales);
  }
  const Depthwise depthwise{*variant.kernels, g, input, weights, result, offsets, scales};
  // Measured at 28², 64 channels, 3×3, on a Xeon with AVX2.
  constexpr double kOperationsPerSecond = 1e10;
  const int workers = parallel::useful_workers(context.pool, threads, g.flops() / kOperationsPerSecond);
  context.pool.run(workers, [&](int worker) {
    const Room room(g, scratch + shared + Room::bytes(g) * static_cast<std::size_t>(worker));
    std::memset(room.padding, zero_point, static_cast<std::size_t>(g.channels));
    const auto [begin, end] = parallel::partition(g.pixels(), workers, worker, 1);
    for (int pixel = begin; pixel < end; ++pixel) depthwise.run_pixel(pixel, room);
  });
}

}  // namespace optlab::conv::detail
