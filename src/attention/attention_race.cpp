#include "attention/attention_race.h"

#include <utility>

#include "core/digest.h"
#include "core/error.h"
#include "core/rng.h"

namespace optlab::attention {
namespace {

RaceShape checked(const RaceShape& s) {
  if (s.queries >= 1 && s.queries <= s.keys && s.heads >= 1 && s.key_heads >= 1 && s.heads % s.key_heads == 0 &&
      s.size >= 1) {
    return s;
  }
  throw_invalid({"AttentionRace: T, S, H, G, D are ", format_shape({s.queries, s.keys, s.heads, s.key_heads, s.size}),
                 "; want 1 <= T <= S, D >= 1, and G >= 1 that divides H"});
}

ConstHeads view(const Tensor& tensor) {
  const Shape& s = tensor.shape();
  return heads_view(tensor.values().data(), s[0], s[1], s[2]);
}

}  // namespace

AttentionRace::AttentionRace(const RaceShape& shape, const std::vector<std::string>& names, parallel::ThreadPool& pool,
                             measure::SamplingOptions options)
    : pool_(pool),
      q_(Shape{checked(shape).queries, shape.heads, shape.size}),
      k_(Shape{shape.keys, shape.key_heads, shape.size}),
      v_(Shape{shape.keys, shape.key_heads, shape.size}),
      out_(Shape{shape.queries, shape.heads, shape.size}),
      panels_(shape.queries < shape.keys ? key_panel_floats(shape.keys, shape.size) * shape.key_heads : 0),
      problem_{.q = view(q_),
               .k = view(k_),
               .v = view(v_),
               .out = heads_view(out_.values().data(), shape.queries, shape.heads, shape.size),
               .causal = shape.causal,
               .first_query = shape.keys - shape.queries},
      entries_([&] {
        std::vector<Entry> entries;
        for (const std::string& name : names) entries.push_back({&attention::variant(name), {}});
        if (!names.empty()) return entries;
        for (const Variant& variant : variants()) {
          if (variant.supported()) entries.push_back({&variant, {}});
        }
        return entries;
      }()),
      race_(contenders(), std::move(options)) {
  Rng(1, 0).fill_uniform(q_.values(), -2.0F, 2.0F);
  Rng(1, 1).fill_uniform(k_.values(), -2.0F, 2.0F);
  Rng(1, 2).fill_uniform(v_.values(), -1.0F, 1.0F);
  if (panels_.size() == 0) return;
  const auto head_stride = static_cast<std::ptrdiff_t>(key_panel_floats(shape.keys, shape.size));
  pack_keys(problem_.k, 0, panels_.data(), head_stride);
  problem_.k_panels = {panels_.data(), head_stride};
}

std::vector<measure::Contender> AttentionRace::contenders() {
  std::vector<measure::Contender> contenders;
  const double bytes = sizeof(float) * static_cast<double>(q_.size() + k_.size() + v_.size() + out_.size());
  for (Entry& entry : entries_) {
    contenders.push_back({std::string(entry.variant->name), [this, &entry] { run(entry); }, flops(problem_), bytes});
  }
  return contenders;
}

void AttentionRace::run(Entry& entry) {
  Context context{pool_, scratch_};
  attend(*entry.variant, problem_, context);
  if (!entry.digest.empty()) return;
  Digest digest;  // in the first call, which only warms up
  digest.add(std::span<const float>(out_.values()));
  entry.digest = digest.hex();
}

}  // namespace optlab::attention
