#include "lm/attention_map.h"

#include <array>
#include <vector>

#include "attention/key_panels.h"
#include "core/error.h"
#include "core/math.h"

namespace optlab::lm {
namespace {

using attention::ConstHeads;
using attention::kPanelKeys;

/// The keys of one layer that the newest token sees, slot by slot, and room for one head's scores.
struct Seen {
  std::vector<int> positions;  // of each slot
  std::vector<float> keys;     // [slot, D] of one head
  std::vector<float> scores;
};

/// What is in which slot. Evicted positions have given theirs to later ones, so that the slots are full from 0 on.
void list_slots(const kvcache::KvCache& cache, int layer, std::vector<int>& positions) {
  const int length = cache.length(layer);
  positions.clear();
  for (int p = 0; p < length; ++p) {
    const auto slot = static_cast<std::size_t>(cache.slot_of(p));
    if (slot >= positions.size()) positions.resize(slot + 1);
    positions[slot] = p;
  }
}

void read_keys(const kvcache::KvCache& cache, int layer, int head, Seen& seen, std::span<float> value) {
  const auto D = static_cast<std::size_t>(cache.sizes().head_size);
  seen.keys.resize(seen.positions.size() * D);
  for (std::size_t slot = 0; slot < seen.positions.size(); ++slot) {
    cache.read(layer, head, seen.positions[slot], std::span(seen.keys).subspan(slot * D, D), value);
  }
}

/// Probabilities of one query, to the places of their positions in `row`. The order is that of the attention's reference.
void weigh(const float* query, int size, Seen& seen, float* row) {
  const float scale = 1.0F / math::sqrt(static_cast<float>(size));
  const std::size_t count = seen.positions.size();
  seen.scores.resize(count);
  float most = -__builtin_inff();
  for (std::size_t s = 0; s < count; ++s) {
    const float* key = seen.keys.data() + s * static_cast<std::size_t>(size);
    float sum = 0.0F;
    for (int d = 0; d < size; ++d) sum += query[d] * key[d];
    seen.scores[s] = sum * scale;
    most = seen.scores[s] > most ? seen.scores[s] : most;
  }
  std::array<float, kPanelKeys> stripes = {};
  for (std::size_t s = 0; s < count; ++s) {
    seen.scores[s] = math::exp(seen.scores[s] - most);
    stripes[s % kPanelKeys] += seen.scores[s];
  }
  for (std::size_t width = kPanelKeys / 2; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) stripes[i] += stripes[i + width];
  }
  for (std::size_t s = 0; s < count; ++s) row[seen.positions[s]] = seen.scores[s] / stripes[0];
}

}  // namespace

Tensor attention_map(Decoder& decoder, std::span<const std::int32_t> ids) {
  const LmConfig& config = decoder.config();
  const auto T = static_cast<int>(ids.size());
  if (ids.empty() || T > config.positions) {
    throw_invalid({"attention_map: ", ids.size(), " tokens; want 1 to ", config.positions});
  }
  checked_element_count("attention_map", {config.layers, config.heads, T, T});
  Tensor map(Shape{config.layers * config.heads, T, T});
  const int D = config.dim / config.heads, group = config.heads / config.kv_heads;
  Seen seen;
  std::vector<float> value(static_cast<std::size_t>(D));
  decoder.truncate(0);
  for (int t = 0; t < T; ++t) {
    const auto add = [&](int layer, const ConstHeads& queries, const ConstHeads& /*attended*/) {
      list_slots(decoder.cache(), layer, seen.positions);
      for (int h = 0; h < config.heads; ++h) {
        if (h % group == 0) read_keys(decoder.cache(), layer, h / group, seen, value);
        const std::ptrdiff_t row = (std::ptrdiff_t{layer} * config.heads + h) * T + t;
        weigh(queries.at(0, h), D, seen, map.values().data() + row * T);
      }
    };
    decoder.feed(ids[static_cast<std::size_t>(t)], add);
  }
  return map;
}

}  // namespace optlab::lm
