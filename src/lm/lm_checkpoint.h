#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "checkpoint/safetensors.h"
#include "lm/lm.h"

namespace optlab::lm {

/// A model's safetensors: a tensor for each parameter under its name, and the configuration in the metadata (keys "model"
/// = "lm", "vocab", "dim", "layers", "heads", "kv_heads", "hidden", "positions", "tied"). With `half` everything is F16.
/// Throws: std::invalid_argument if `metadata` has one of those keys.
std::vector<std::byte> to_safetensors(Lm& model, bool half, checkpoint::SafetensorsMetadata metadata = {});

/// Reads it back; F32 and F16 tensors may be mixed.
/// Throws: DataError saying which key or tensor is missing, wrong or too many (see also Safetensors).
Lm lm_from_safetensors(std::span<const std::byte> bytes);

}  // namespace optlab::lm
