#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/arena.h"
#include "core/ladder.h"
#include "core/matrix.h"
#include "parallel/thread_pool.h"

/// Dense matrix multiplication, float32.
namespace optlab::gemm {

using optlab::Mode;

enum class Activation { kNone, kRelu };

/// What happens to each finished element of C: c = activation(c + bias[n]).
struct Epilogue {
  const float* bias = nullptr;  // [N], or null
  Activation activation = Activation::kNone;
};

/// The operands of C[M,N] = activation(A[M,K]·B[K,N] + bias[N]).
struct Problem {
  ConstMatrixView a;
  ConstMatrixView b;
  MatrixView c;
  Epilogue epilogue = {};
  /// B in panels, as a PackedMatrix holds them; `b` then only says its shape.
  const float* b_panels = nullptr;
};

/// The blocks that the loop nest cuts a product into, in elements. They decide about speed, never about a bit of an
/// exact result.
struct Blocking {
  int depth = 512;    // of k: a panel of B, depth × NR floats, stays in the first-level cache
  int rows = 48;      // of A: rows × depth floats stay in the second
  int columns = 512;  // of B: depth × columns floats stay in the second or the last
  bool operator==(const Blocking&) const = default;
};

/// Throws std::invalid_argument unless each extent is 1 to 1,048,576.
void check(const Blocking& blocking);

/// What a product may use beside its operands.
struct Context {
  parallel::ThreadPool& pool;
  Arena& scratch;
  Blocking blocking = {};  // `tune` measures the best for this device
};

/// The same as a kernel gets it: all memory is there.
struct Workspace {
  parallel::ThreadPool& pool;
  int threads;
  std::byte* scratch;
  Blocking blocking;
};

/// Runs `variant` on checked operands: as many threads as it uses, its scratch reserved. For every family whose problems
/// run in a Workspace.
template <class Variant, class Problem>
void run(const Variant& variant, const Problem& problem, Context& context) {
  const int threads = variant.threaded ? context.pool.threads() : 1;
  context.scratch.reserve(variant.scratch_bytes(problem, context.blocking, threads));
  variant.run(problem, Workspace{context.pool, threads, context.scratch.data(), context.blocking});
}

/// The order in which a rung's register tile reads B: panels of so many columns, the last one filled up to whole
/// vectors. 0 columns: the rung reads B row by row.
struct PanelFormat {
  int columns = 0;
  int lanes = 1;
  bool operator==(const PanelFormat&) const = default;
};

/// A rung of the ladder. All rungs have one signature, so that tests, benchmarks, lessons and the dispatcher iterate
/// them.
struct Variant : Row {
  PanelFormat panels;
  /// Scratch bytes that `run` needs.
  std::size_t (*scratch_bytes)(const Problem&, const Blocking&, int threads);
  void (*run)(const Problem&, const Workspace&) noexcept;
};

/// Slowest first; variants().front() is the reference. Rows whose ISA this build lacks are absent; rows that this CPU
/// lacks are unsupported.
std::span<const Variant> variants();

/// The variant called `name`. Throws std::invalid_argument listing the names if there is none, or if this CPU doesn't
/// support it.
const Variant& variant(std::string_view name);

/// C[M,N] = activation(A[M,K]·B[K,N] + bias[N]) by `variant`, after checking the operands.
///
/// Shapes:   any strides for A and B (transposed and sliced views included); C's column_stride is 1. M, N, K may be 0;
///           K = 0 gives activation(bias). C must not overlap A, B or the bias.
/// Throws:   std::invalid_argument naming the operand if shapes disagree, a dimension is negative or C's rows overlap,
///           or as check(blocking) does; std::bad_alloc.
/// Numerics: exact rows: each c[m,n] starts at +0 and adds a[m,k]*b[k,n] for k ascending, product and sum each rounded
///           once, then the bias, then the activation. Hence all exact rows agree bit for bit, on any ISA and number of
///           threads, and a row of the result does not depend on M or N. Fast rows fuse or reassociate: |error| <=
///           2·K·eps·(|A||B|)[m,n], eps = 2^-24.
/// Cost:     2·M·N·K FLOPs (bias and activation not counted) over 4·(M·K + K·N + M·N) bytes at least.
/// Source:   Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008; Van Zee and van de
///           Geijn, "BLIS", 2015.
void multiply(const Variant& variant, const Problem& problem, Context& context);

/// The dispatcher: the same by the fastest rung of `mode` for this shape on this device (`best`).
void multiply(const Problem& problem, Context& context, Mode mode = Mode::kExact);

/// The row that the dispatcher takes.
const Variant& best(Mode mode, int M, int N, int K, int threads);

/// Distances between the operands of neighbouring products, in elements; 0 where they share one.
struct BatchSteps {
  std::ptrdiff_t a;
  std::ptrdiff_t b;
  std::ptrdiff_t c;
};

/// `count` products of one shape, the first of them `first`: C_i = activation(A_i·B_i + bias). Small ones are divided
/// among the threads whole, large ones each by itself; the bits are those of `count` calls of multiply either way.
/// Throws: as multiply, and if `count` is negative or results overlap.
void multiply_batch(const Variant& variant, const Problem& first, int count, const BatchSteps& steps, Context& context);

}  // namespace optlab::gemm
