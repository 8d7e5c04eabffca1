#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "attention/heads.h"
#include "attention/key_panels.h"
#include "attention/stored.h"
#include "gemm/gemm.h"

/// Scaled dot-product attention with grouped-query heads, float32.
namespace optlab::attention {

/// The operands of O = softmax(Q·Kᵀ/√D)·V. Query head h reads the key and value head h / (H/G).
///
/// One shape serves all uses: T = S is a whole sequence, T = 1 a step of generation against a cache of S keys, and
/// T = a chunk of a long prompt.
struct Problem {
  ConstHeads q;  // [T,H,D]
  ConstHeads k;  // [S,G,D]
  ConstHeads v;  // [S,G,D]
  Heads out;     // [T,H,D]
  /// A query sees no key after its own position.
  bool causal = false;
  /// Absolute positions of query 0 and key 0; query t stands at first_query + t. Only a mask asks for them.
  int first_query = 0;
  int first_key = 0;
  /// With `causal`: a query sees its own position and window - 1 before it. 0: all of them.
  int window = 0;
  /// K in panels, as a cache holds it; `k` then only says its shape.
  KeyPanels k_panels = {};
  /// K and V in fewer bits; `k` and `v` then only say their shapes.
  Stored stored = {};
};

using gemm::Context;
using gemm::Workspace;

/// A rung of the ladder.
struct Variant : Row {
  /// Whether it reads K in panels; it makes them itself where the problem has none.
  bool panels;
  /// Scratch bytes that `run` needs.
  std::size_t (*scratch_bytes)(const Problem&, const gemm::Blocking&, int threads);
  void (*run)(const Problem&, const Workspace&) noexcept;
};

/// Slowest first; variants().front() is the reference. Rows whose ISA this build lacks are absent; rows that this CPU
/// lacks are unsupported.
std::span<const Variant> variants();

/// The variant called `name`. Throws std::invalid_argument listing the names if there is none, or if this CPU doesn't
/// support it.
const Variant& variant(std::string_view name);

/// O = softmax(Q·Kᵀ/√D + mask)·V by `variant`, after checking the operands.
///
/// Shapes:   Q and O [T,H,D], K and V [S,G,D], G divides H, D >= 1; T and S may be 0. D is contiguous, tokens and heads
///           have any strides; O must not overlap an operand. A query that sees no key gets zeros.
/// Units:    positions count tokens.
/// Throws:   std::invalid_argument naming the operand if shapes disagree, an operand has no data, a position or the
///           window is negative, first_key is no multiple of kPanelKeys, there is a window without `causal`, or a
///           stored operand is incomplete;
///           std::bad_alloc.
/// Numerics: exact rows: score = (Σ q[d]·k[d] serially over ascending d from +0) · (1/√D); p = exp(score - largest
///           score); their sum in 16 stripes, by key index modulo 16, each serial, then halved pairwise (stripe i +
///           stripe i+8, i+4, …); o[d] = (Σ p·v[d] serially over ascending keys from +0) / sum. Products and sums round
///           separately, exp is math::exp. Hence all exact rows agree bit for bit on any ISA and number of threads, and
///           a query's result doesn't depend on T nor on keys that it doesn't see: a step of generation equals the same
///           row of the whole. Fast rows visit the keys in blocks with a running maximum and fuse:
///           |fast - exact| <= ε·(4·(D+2)·σ + 5·S + 32)·(Σ p·|v[d]|)/Σ p, ε = 2⁻²⁴, σ = the largest Σ|q[d]·k[d]|/√D of
///           the query.
/// Cost:     4·D FLOPs per pair of a query and a key it sees, per query head (`flops`), and an exp. Exact rows need
///           scratch for kBlockRows·S scores a thread, fast rows for a block of them. Stored halves and bytes become floats in
///           registers where one or two query rows meet them (and D is a multiple of 16), else a block of keys at a
///           time, in scratch of 64 KiB a thread (128·D bytes if that is more).
/// Source:   Vaswani et al., "Attention Is All You Need", 2017; Ainslie et al., "GQA", 2023; fast rows: Milakov and
///           Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al., "FlashAttention", 2022.
void attend(const Variant& variant, const Problem& problem, Context& context);

/// The same by the fastest rung of `mode` on this device.
void attend(const Problem& problem, Context& context, gemm::Mode mode = gemm::Mode::kExact);

const Variant& best(gemm::Mode mode, int threads);

/// 4·D for every pair of a query head's row and a key that it sees.
double flops(const Problem& problem);

}  // namespace optlab::attention
