#include <emscripten/bind.h>

#include <string>
#include <string_view>

#include "bindings/guard.h"
#include "bindings/whole.h"
#include "core/error.h"
#include "core/memory.h"
#include "profile/flop_counter.h"

namespace optlab::bindings {
namespace {

using emscripten::val;
using profile::FlopCounter;

EMSCRIPTEN_DECLARE_VAL_TYPE(LayerKind)
EMSCRIPTEN_DECLARE_VAL_TYPE(LayerShape)

/// As JavaScript sees work.
struct WorkValue {
  double flops;
  double additions;
  double multiplications;
  double divisions;
  double roots;
  double comparisons;
  double functions;
  double bytes_read;
  double bytes_written;
};

WorkValue value_of(const profile::Work& w) {
  const auto number = [](std::int64_t count) { return static_cast<double>(count); };
  return {number(w.flops()),   number(w.additions),  number(w.multiplications),
          number(w.divisions), number(w.roots),      number(w.comparisons),
          number(w.functions), number(w.bytes_read), number(w.bytes_written)};
}

/// The extents of a layer by name; those with a default may be left out.
class Extents {
 public:
  explicit Extents(const LayerShape& shape) : shape_(shape) {}
  int operator()(const char* name) const { return whole(name, shape_[name].as<double>()); }
  int operator()(const char* name, int otherwise) const {
    return shape_[name].isUndefined() ? otherwise : (*this)(name);
  }
  bool flag(const char* name, bool otherwise) const {
    return shape_[name].isUndefined() ? otherwise : shape_[name].as<bool>();
  }

 private:
  const LayerShape& shape_;
};

struct Layer {
  std::string_view kind;
  profile::Work (*work)(const Extents& of);
};

template <profile::Work (*work)(int, int)>
profile::Work of_rows(const Extents& of) {
  return work(of("rows"), of("columns"));
}
template <profile::Work (*work)(std::int64_t)>
profile::Work of_elements(const Extents& of) {
  return work(of("elements"));
}

constexpr Layer kLayers[] = {
    {"linear",
     [](const Extents& of) {
       return FlopCounter::linear({of("rows"), of("inputs"), of("outputs"), of.flag("bias", true)});
     }},
    {"conv2d",
     [](const Extents& of) {
       return FlopCounter::conv2d({of("batch", 1), of("height"), of("width"), of("channels"), of("outputs"),
                                   of("kernelHeight"), of("kernelWidth"), of("stride", 1), of("padding", 0),
                                   of("dilation", 1), of("groups", 1), of.flag("bias", true)});
     }},
    {"attention",
     [](const Extents& of) {
       return FlopCounter::attention({of("batch", 1), of("queries"), of("keys"), of("heads"),
                                      of("keyHeads", of("heads")), of("size"), of.flag("causal", false),
                                      of("firstQuery", 0), of("window", 0)});
     }},
    {"softmax", of_rows<FlopCounter::softmax>},
    {"rmsNorm", of_rows<FlopCounter::rms_norm>},
    {"layerNorm", of_rows<FlopCounter::layer_norm>},
    {"batchNorm", of_rows<FlopCounter::batch_norm>},
    {"relu", of_elements<FlopCounter::relu>},
    {"gelu", of_elements<FlopCounter::gelu>},
    {"silu", of_elements<FlopCounter::silu>},
    {"swiglu", of_elements<FlopCounter::swiglu>},
    {"add", of_elements<FlopCounter::add>},
    {"rope", [](const Extents& of) { return FlopCounter::rope(of("tokens"), of("heads"), of("size")); }},
    {"embedding", [](const Extents& of) { return FlopCounter::embedding(of("tokens"), of("size")); }}};

WorkValue layer_work(LayerKind name, LayerShape shape) {
  const auto kind = name.as<std::string>();
  for (const Layer& layer : kLayers) {
    if (layer.kind == kind) return value_of(layer.work(Extents(shape)));
  }
  throw_invalid({"layerWork: no layer \"", kind, "\""});
}

struct MemoryFigures {
  double current;
  double peak;
  double allocations;
};

MemoryFigures memory_figures() {
  const memory::Figures figures = memory::figures();
  return {static_cast<double>(figures.current), static_cast<double>(figures.peak),
          static_cast<double>(figures.allocations)};
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_profile_work) {
  using namespace emscripten;
  register_type<LayerKind>(
      "'linear' | 'conv2d' | 'attention' | 'softmax' | 'rmsNorm' | 'layerNorm' | 'batchNorm' | 'relu' | 'gelu' | "
      "'silu' | "
      "'swiglu' | 'add' | 'rope' | 'embedding'");
  register_type<LayerShape>("Record<string, number | boolean>");

  value_object<WorkValue>("Work")
      .field("flops", &WorkValue::flops)
      .field("additions", &WorkValue::additions)
      .field("multiplications", &WorkValue::multiplications)
      .field("divisions", &WorkValue::divisions)
      .field("roots", &WorkValue::roots)
      .field("comparisons", &WorkValue::comparisons)
      .field("functions", &WorkValue::functions)
      .field("bytesRead", &WorkValue::bytes_read)
      .field("bytesWritten", &WorkValue::bytes_written);
  // FLOPs and bytes of a layer from its extents: rows, inputs and outputs; height, width, channels, outputs, kernelHeight and
  // kernelWidth (stride, padding, dilation, groups, batch, bias); queries, keys, heads and size (keyHeads, causal, firstQuery, window,
  // batch); rows and columns; elements; tokens, heads and size.
  function("layerWork", guard<&layer_work>);

  // Bytes of tensors, scratch and packed operands; the heap's other contents are in memoryInUse().
  value_object<MemoryFigures>("MemoryFigures")
      .field("current", &MemoryFigures::current)
      .field("peak", &MemoryFigures::peak)
      .field("allocations", &MemoryFigures::allocations);
  function("memoryFigures", &memory_figures);
  function("resetMemoryPeak", &memory::reset_peak);
}

}  // namespace optlab::bindings
