#pragma once

#include <cstdint>
#include <vector>

#include "core/rng.h"
#include "lm/lm.h"

/// For tests of decoding.
namespace optlab::lm {

inline std::vector<std::int32_t> random_ids(int count, int vocab) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
  const Rng rng(11, 2);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::int32_t>(rng.below(i, static_cast<std::uint32_t>(vocab)));
  }
  return ids;
}

/// With weights larger than training starts with, so that attention isn't even.
inline Lm random_model(const LmConfig& config) {
  Lm model(config);
  model.initialize(3);
  for (nn::Parameter* p : model.parameters()) {
    const float factor = p->name == "embedding.weight" ? 40.0F : 4.0F;
    for (float& value : p->value.values()) value *= p->decays ? factor : 1.0F;
  }
  return model;
}

}  // namespace optlab::lm
