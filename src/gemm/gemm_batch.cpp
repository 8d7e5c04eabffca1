
#include "core/error.h"
#include "gemm/gemm.h"

namespace optlab::gemm {
namespace {

Problem product(const Problem& first, const BatchSteps& steps, int i) {
  Problem problem = first;
  problem.a.data += i * steps.a;
  problem.b.data += i * steps.b;
  problem.c.data += i * steps.c;
  return problem;
}

}  // namespace

void multiply_batch(const Variant& variant, const Problem& first, int count, const BatchSteps& steps,
                    Context& context) {
  if (count < 0) throw_invalid({"gemm: a batch of ", count, "; it must be >= 0"});
  const MatrixView& c = first.c;
  const std::ptrdiff_t extent = c.rows > 0 ? (c.rows - 1) * c.row_stride + c.columns : 0;
  if (count > 1 && steps.c < extent && -steps.c < extent) {
    throw_invalid({"gemm: the results of a batch lie ", steps.c, " elements apart, but each spans ", extent});
  }
  // Whole products for every worker where there are enough of them; their results don't depend on that.
  const int threads = variant.threaded ? context.pool.threads() : 1;
  const double flops = 2.0 * c.rows * c.columns * first.a.columns;
  constexpr double kLargeFlops = 1e7;  // worth dividing by itself, and then its operands share the caches
  if (threads == 1 || count < 2 * threads || flops > kLargeFlops) {
    for (int i = 0; i < count; ++i) multiply(variant, product(first, steps, i), context);
    return;
  }
  multiply(variant, first, context);  // checks the operands
  const std::size_t bytes =
      (variant.scratch_bytes(first, context.blocking, 1) + kCacheLine - 1) / kCacheLine * kCacheLine;
  context.scratch.reserve(bytes * static_cast<std::size_t>(threads));
  context.pool.run(threads, [&](int worker) {
    const Workspace workspace{context.pool, 1, context.scratch.data() + bytes * static_cast<std::size_t>(worker),
                              context.blocking};
    const auto [begin, end] = parallel::partition(count - 1, threads, worker);
    for (int i = begin; i < end; ++i) variant.run(product(first, steps, i + 1), workspace);
  });
}

}  // namespace optlab::gemm
