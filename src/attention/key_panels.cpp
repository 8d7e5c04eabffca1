#include "attention/key_panels.h"

#include <algorithm>
#include <stdexcept>

#include "attention/attention_kernels.h"
#include "core/error.h"

namespace optlab::attention {
namespace detail {

void pack_panel(const float* key, std::ptrdiff_t token_stride, int size, int first, int count, float* panel) noexcept {
  if (count == kPanelKeys) {  // reads sixteen streams, writes one
    for (int d = 0; d < size; ++d) {
      for (int i = 0; i < kPanelKeys; ++i) panel[d * kPanelKeys + i] = key[i * token_stride + d];
    }
    return;
  }
  for (int i = 0; i < count; ++i) {
    for (int d = 0; d < size; ++d) panel[d * kPanelKeys + first + i] = key[i * token_stride + d];
  }
}

}  // namespace detail

void pack_keys(const ConstHeads& keys, int first_key, float* panels, std::ptrdiff_t head_stride) {
  if (keys.tokens < 0 || keys.heads < 0 || keys.size < 1) {
    throw_invalid({"pack_keys: K has ", keys.tokens, " tokens, ", keys.heads, " heads of ", keys.size,
                   "; want >= 0, >= 0 and >= 1"});
  }
  if (keys.tokens == 0 || keys.heads == 0) return;
  if (keys.data == nullptr || panels == nullptr) throw std::invalid_argument("pack_keys: K or the panels have no data");
  if (first_key < 0 || key_panel_floats(first_key + keys.tokens, keys.size) >
                           static_cast<std::size_t>(std::max<std::ptrdiff_t>(head_stride, 0))) {
    throw_invalid({"pack_keys: keys ", first_key, " to ", first_key + keys.tokens, " of ", keys.size,
                   " floats don't fit a head of ", head_stride});
  }
  for (int g = 0; g < keys.heads; ++g) {
    for (int s = 0; s < keys.tokens;) {
      const int lane = (first_key + s) % kPanelKeys;
      const int count = std::min(kPanelKeys - lane, keys.tokens - s);
      float* panel = panels + g * head_stride + static_cast<std::ptrdiff_t>(first_key + s - lane) * keys.size;
      detail::pack_panel(keys.at(s, g), keys.token_stride, keys.size, lane, count, panel);
      s += count;
    }
  }
}

}  // namespace optlab::attention
