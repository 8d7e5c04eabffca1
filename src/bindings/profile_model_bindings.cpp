#include <emscripten/bind.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "nn/dataset.h"
#include "nn/model.h"
#include "profile/model_profiler.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(ProfiledBytes)
EMSCRIPTEN_DECLARE_VAL_TYPE(LayerProfileArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(LayerSpanArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(MemoryPointArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(ShapeArray)

/// As JavaScript sees a layer.
struct LayerValue {
  std::string name;
  std::string kind;
  int parent = -1;
  int depth = 0;
  ShapeArray output = ShapeArray(val::undefined());
  int calls = 0;
  double flops = 0;
  double bytes_read = 0;
  double bytes_written = 0;
  std::optional<profile::Statistics> seconds;
  double share = 0;
  double high_water = 0;
  double growth = 0;
};

/// An allocation or release.
struct MemoryPoint {
  double seconds;
  double bytes;
  double current;
};

ShapeArray shape_of(const Shape& shape) {
  val result = val::array();
  for (int axis = 0; axis < shape.rank(); ++axis) result.call<void>("push", shape[axis]);
  return ShapeArray(result);
}

/// A model on the shared runtime, run on the same images again and again.
class ModelProfiler {
 public:
  ModelProfiler(std::span<const std::byte> file, std::span<const std::uint8_t> pixels, const gemm::Variant& variant,
                double seconds)
      : model_(nn::load_model(file)),
        x_(Shape{batch_of(*model_, pixels), model_->inputs()}),
        logits_(Shape{x_.shape()[0], model_->outputs()}),
        profiler_([this, &variant](profile::Observer* observer) { run_model(variant, observer); },
                  {.max_seconds = seconds}) {
    nn::scale_pixels(pixels, x_.values());
    model_->prepare(variant);  // once, as a program would that runs it often
  }

  bool step() { return profiler_.step(); }
  double progress() const { return profiler_.progress(); }
  double packed_bytes() const { return static_cast<double>(model_->packed_bytes()); }
  std::optional<profile::Statistics> run() const { return profiler_.profile().run(); }
  std::string csv() const { return profile::to_csv(profiler_.profile().layers()); }
  std::string trace(std::string title) const { return profile::trace_json(profiler_.profile(), title); }

  LayerProfileArray layers() const {
    val result = val::array();
    const auto number = [](auto count) { return static_cast<double>(count); };
    for (const profile::LayerProfile& l : profiler_.profile().layers()) {
      result.call<void>(
          "push", LayerValue{l.name, l.kind, l.parent, l.depth, shape_of(l.output), l.calls, number(l.work.flops()),
                             number(l.work.bytes_read), number(l.work.bytes_written), l.seconds, l.share,
                             number(l.high_water), number(l.growth)});
    }
    return LayerProfileArray(result);
  }
  LayerSpanArray spans() const {
    val result = val::array();
    for (const profile::LayerSpan& span : profiler_.profile().spans()) result.call<void>("push", span);
    return LayerSpanArray(result);
  }
  MemoryPointArray memory() const {
    val result = val::array();
    for (const profile::MemoryEvent& e : profiler_.memory_timeline()) {
      result.call<void>("push", MemoryPoint{e.seconds, static_cast<double>(e.bytes), static_cast<double>(e.current)});
    }
    return MemoryPointArray(result);
  }

 private:
  static int batch_of(const nn::Model& model, std::span<const std::uint8_t> pixels) {
    const auto inputs = static_cast<std::size_t>(model.inputs());
    if (pixels.empty() || pixels.size() % inputs != 0) {
      throw std::invalid_argument("ModelProfiler: " + std::to_string(pixels.size()) +
                                  " pixels are not one or more images of " + std::to_string(inputs));
    }
    return static_cast<int>(pixels.size() / inputs);
  }
  void run_model(const gemm::Variant& variant, profile::Observer* observer) {
    gemm::Context context = runtime().context();
    model_->logits(x_.matrix(), logits_.matrix(), {&variant, context}, observer);
  }

  std::unique_ptr<nn::Model> model_;
  Tensor x_;
  Tensor logits_;
  profile::ModelProfiler profiler_;
};

ModelProfiler* make_profiler(ProfiledBytes file, ProfiledBytes images, std::string variant, double seconds) {
  const auto bytes = copy_from<std::uint8_t>(file);
  const auto pixels = copy_from<std::uint8_t>(images);
  return new ModelProfiler(std::as_bytes(std::span(bytes)), pixels, gemm::variant(variant), seconds);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_profile_model) {
  using namespace emscripten;
  register_type<ProfiledBytes>("Uint8Array");
  register_type<LayerProfileArray>("LayerProfile[]");
  register_type<LayerSpanArray>("LayerSpan[]");
  register_type<MemoryPointArray>("MemoryPoint[]");
  register_type<ShapeArray>("number[]");

  value_object<LayerValue>("LayerProfile")
      .field("name", &LayerValue::name)
      .field("kind", &LayerValue::kind)
      .field("parent", &LayerValue::parent)  // index, or -1
      .field("depth", &LayerValue::depth)
      .field("output", &LayerValue::output)
      .field("calls", &LayerValue::calls)
      .field("flops", &LayerValue::flops)
      .field("bytesRead", &LayerValue::bytes_read)
      .field("bytesWritten", &LayerValue::bytes_written)
      .field("seconds", &LayerValue::seconds)
      .field("share", &LayerValue::share)
      .field("highWater", &LayerValue::high_water)
      .field("growth", &LayerValue::growth);
  value_object<profile::LayerSpan>("LayerSpan")
      .field("layer", &profile::LayerSpan::layer)
      .field("begin", &profile::LayerSpan::begin)
      .field("seconds", &profile::LayerSpan::seconds);
  value_object<MemoryPoint>("MemoryPoint")
      .field("seconds", &MemoryPoint::seconds)
      .field("bytes", &MemoryPoint::bytes)
      .field("current", &MemoryPoint::current);
  class_<ModelProfiler>("ModelProfiler")
      // Of a safetensors file, images that are one batch, a rung and the time there is.
      .constructor(guard<&make_profiler>, return_value_policy::take_ownership())
      .function("step", guard<&ModelProfiler::step>)
      .function("progress", &ModelProfiler::progress)
      .function("packedBytes", &ModelProfiler::packed_bytes)
      .function("run", guard<&ModelProfiler::run>)
      .function("layers", guard<&ModelProfiler::layers>)
      .function("spans", guard<&ModelProfiler::spans>)    // of the last run
      .function("memory", guard<&ModelProfiler::memory>)  // allocations and releases of the first run
      .function("csv", guard<&ModelProfiler::csv>)
      .function("trace", guard<&ModelProfiler::trace>);  // in Chrome's format, under this title
}

}  // namespace optlab::bindings
