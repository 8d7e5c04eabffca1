#include <emscripten/bind.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "attention/attention_race.h"
#include "bindings/guard.h"
#include "bindings/ladder.h"
#include "bindings/profile_bindings.h"
#include "bindings/runtime.h"
#include "bindings/whole.h"
#include "core/error.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(AttentionNames)

/// What the tensors, which have two axes, don't say.
struct AttentionSettings {
  double heads = 1;
  double key_heads = 1;
  bool causal = false;
  double first_query = 0;
  double window = 0;
};

/// A tensor [tokens, heads·D] as heads.
template <class T>
attention::BasicHeads<T> split(const char* what, T* data, const Tensor& tensor, int heads) {
  const int columns = tensor.shape()[1];
  if (heads < 1 || columns % heads != 0) {
    throw_invalid({"attend: ", what, " is ", tensor.shape().to_string(), " for ", heads,
                   " heads; its columns must be heads times D"});
  }
  return attention::heads_view(data, tensor.shape()[0], heads, columns / heads);
}

/// O = attention of Q, K and V by the rung `name`, or by the dispatcher's choice in exact mode if it is empty.
void attend_to(const Tensor& q, const attention::ConstHeads& k, attention::KeyPanels panels, const Tensor& v,
               Tensor& out, const AttentionSettings& settings, const std::string& name) {
  if (&out == &q || &out == &v) {
    throw std::invalid_argument("attend: O is the same tensor as Q or V; the result needs one of its own");
  }
  const int heads = whole("heads", settings.heads);
  const attention::Problem problem{.q = split("Q", q.values().data(), q, heads),
                                   .k = k,
                                   .v = split("V", v.values().data(), v, k.heads),
                                   .out = split("O", out.values().data(), out, heads),
                                   .causal = settings.causal,
                                   .first_query = whole("firstQuery", settings.first_query),
                                   .window = whole("window", settings.window),
                                   .k_panels = panels};
  attention::Context context{runtime().pool, runtime().scratch};
  if (name.empty()) {
    attention::attend(problem, context);
  } else {
    attention::attend(attention::variant(name), problem, context);
  }
}

void attend(const Tensor& q, const Tensor& k, const Tensor& v, Tensor& out, const AttentionSettings& settings,
            std::string name) {
  if (&out == &k) throw std::invalid_argument("attend: O is the same tensor as K; the result needs one of its own");
  attend_to(q, split("K", k.values().data(), k, whole("keyHeads", settings.key_heads)), {}, v, out, settings, name);
}

/// K as a cache holds it.
struct PackedKeys {
  attention::ConstHeads shape;  // no data
  AlignedBuffer<float> panels;
  attention::KeyPanels view;
};

PackedKeys* make_packed_keys(const Tensor& k, double key_heads) {
  attention::ConstHeads heads = split("K", k.values().data(), k, whole("keyHeads", key_heads));
  const std::size_t floats = attention::key_panel_floats(heads.tokens, heads.size);
  AlignedBuffer<float> panels(floats * static_cast<std::size_t>(heads.heads));
  const auto stride = static_cast<std::ptrdiff_t>(floats);
  attention::pack_keys(heads, 0, panels.data(), stride);
  heads.data = nullptr;
  const attention::KeyPanels view{panels.data(), stride};
  return new PackedKeys{heads, std::move(panels), view};
}

/// The same with K packed beforehand, which settings.keyHeads doesn't change any more.
void attend_packed(const Tensor& q, const PackedKeys& k, const Tensor& v, Tensor& out,
                   const AttentionSettings& settings, std::string name) {
  attend_to(q, k.shape, k.view, v, out, settings, name);
}

/// A race on the shared runtime.
class AttentionRace {
 public:
  AttentionRace(const attention::RaceShape& shape, const std::vector<std::string>& names, double seconds)
      : race_(shape, names, runtime().pool, {.max_seconds = seconds}) {}
  bool step() { return race_.race().step(); }
  double progress() { return race_.race().progress(); }
  LaneArray lanes() { return lanes_of(race_.race()); }
  Float64Copy samples(double lane) { return samples_of(race_.race(), whole("lane", lane)); }
  std::string digest(double lane) const { return race_.digest(whole("lane", lane)); }

 private:
  attention::AttentionRace race_;
};

AttentionRace* make_race(double queries, double keys, double heads, double key_heads, double size, bool causal,
                         AttentionNames names, double seconds) {
  return new AttentionRace(
      {whole("T", queries), whole("S", keys), whole("H", heads), whole("G", key_heads), whole("D", size), causal},
      emscripten::vecFromJSArray<std::string>(names), seconds);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_attention) {
  using namespace emscripten;
  register_type<AttentionNames>("string[]");

  function("attentionVariants", &ladder<&attention::variants>);

  value_object<AttentionSettings>("AttentionSettings")
      .field("heads", &AttentionSettings::heads)
      .field("keyHeads", &AttentionSettings::key_heads)
      .field("causal", &AttentionSettings::causal)
      .field("firstQuery", &AttentionSettings::first_query)
      .field("window", &AttentionSettings::window);
  function("attend", guard<&attend>);
  class_<PackedKeys>("PackedKeys").constructor(guard<&make_packed_keys>, return_value_policy::take_ownership());
  function("attendPacked", guard<&attend_packed>);

  class_<AttentionRace>("AttentionRace")
      .constructor(guard<&make_race>, return_value_policy::take_ownership())
      .function("step", guard<&AttentionRace::step>)
      .function("progress", guard<&AttentionRace::progress>)
      .function("lanes", guard<&AttentionRace::lanes>)
      .function("samples", guard<&AttentionRace::samples>)
      .function("digest", guard<&AttentionRace::digest>);
}

}  // namespace optlab::bindings
