#pragma once

#include <cstddef>

#include "attention/heads.h"

namespace optlab::attention {

/// Keys in a panel; also the number of stripes of every statistic. Sixteen is the widest vector of any ISA.
inline constexpr int kPanelKeys = 16;

/// K[S,G,D] transposed in panels of 16 keys, so that a vector of scores is a sum of vectors of keys and needs no
/// shuffling: element d of key s of head g is data[g*head_stride + (s/16)*16*D + d*16 + s%16]. Head strides beyond what
/// S keys need leave room for a cache to grow.
struct KeyPanels {
  const float* data = nullptr;
  std::ptrdiff_t head_stride = 0;
};

/// Floats that `keys` keys of one head take: whole panels.
constexpr std::size_t key_panel_floats(int keys, int size) {
  return static_cast<std::size_t>((keys + kPanelKeys - 1) / kPanelKeys) * kPanelKeys * static_cast<std::size_t>(size);
}

/// Writes `keys` as keys first_key, first_key + 1, … of the panels; the other keys stay as they are. What a panel holds
/// beyond the last key may be anything.
///
/// Throws: std::invalid_argument if first_key is negative, there is no data, or the keys end beyond `head_stride`.
/// Cost:   reads and writes 4·S·G·D bytes, so it pays to keep panels and append to them.
void pack_keys(const ConstHeads& keys, int first_key, float* panels, std::ptrdiff_t head_stride);

}  // namespace optlab::attention
