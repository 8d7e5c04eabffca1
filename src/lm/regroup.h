#pragma once

#include "lm/lm.h"

namespace optlab::lm {

/// A copy of `model` with another number of key and value heads.
///
/// Fewer, G' of G: head j is the mean of the G/G' heads whose queries come to read it, column by column of the projections
/// (the rotation by positions is linear, so that turned keys are means too). More: each head is there G'/G times, and the
/// copy computes what the original does.
///
/// Throws:   std::invalid_argument unless G' divides the query heads, and G' divides G or G divides G'.
/// Numerics: float32 sums over ascending heads, times G'/G's reciprocal; copies are exact, and more heads give the bits of
///           the original's logits.
/// Cost:     a copy of all weights.
/// Source:   Ainslie et al., "GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints", 2023,
///           who then go on training; what comes out here is before that, and predicts accordingly badly.
Lm regroup(Lm& model, int kv_heads);

}  // namespace optlab::lm
