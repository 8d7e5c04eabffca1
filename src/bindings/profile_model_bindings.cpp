#include <emscripten/bind.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "core/error.h"
#include "nn/dataset.h"
#include "nn/model.h"
#include "profile/model_profiler.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(ProfiledBytes)
EMSCRIPTEN_DECLARE_VAL_TYPE(ProfileNumbers)

/// Of seconds: how many samples, median, 95 % interval, MAD, 1 if the interval is the range. Zeros before the first.
void append(std::vector<double>& to, const std::optional<profile::Statistics>& seconds) {
  const profile::Statistics s = seconds.value_or(profile::Statistics{});
  to.insert(to.end(),
            {static_cast<double>(s.count), s.median, s.low, s.high, s.mad, static_cast<double>(s.interval_is_range)});
}

ProfileNumbers numbers(const std::vector<double>& values) { return ProfileNumbers(copy_to("Float64Array", values)); }

/// A model on the shared runtime, run on the same images again and again. Numbers leave as typed arrays, in rows.
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

  std::string names() const {
    std::string result;
    for (const profile::LayerProfile& l : profiler_.profile().layers()) result += text({l.name, "\t", l.kind, "\n"});
    return result;
  }
  ProfileNumbers layers() const {
    std::vector<double> rows;
    for (const profile::LayerProfile& l : profiler_.profile().layers()) {
      for (const std::int64_t value :
           {std::int64_t{l.parent}, std::int64_t{l.depth}, std::int64_t{l.calls}, l.work.flops(), l.work.bytes_read,
            l.work.bytes_written, static_cast<std::int64_t>(l.high_water), static_cast<std::int64_t>(l.growth)}) {
        rows.push_back(static_cast<double>(value));
      }
      rows.push_back(l.share);
      append(rows, l.seconds);
      rows.push_back(l.output.rank());
      for (int axis = 0; axis < Shape::kMaxRank; ++axis) rows.push_back(l.output[axis]);
    }
    return numbers(rows);
  }
  ProfileNumbers run() const {
    std::vector<double> row;
    append(row, profiler_.profile().run());
    return numbers(row);
  }
  ProfileNumbers spans() const {
    std::vector<double> rows;
    for (const profile::LayerSpan& span : profiler_.profile().spans()) {
      rows.insert(rows.end(), {static_cast<double>(span.layer), span.begin, span.seconds});
    }
    return numbers(rows);
  }
  ProfileNumbers memory() const {
    std::vector<double> rows;
    for (const profile::MemoryEvent& event : profiler_.memory_timeline()) {
      rows.insert(rows.end(), {event.seconds, static_cast<double>(event.bytes), static_cast<double>(event.current)});
    }
    return numbers(rows);
  }

 private:
  static int batch_of(const nn::Model& model, std::span<const std::uint8_t> pixels) {
    const auto inputs = static_cast<std::size_t>(model.inputs());
    if (pixels.empty() || pixels.size() % inputs != 0) {
      throw_invalid({"ModelProfiler: ", pixels.size(), " pixels are not one or more images of ", inputs});
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
  register_type<ProfileNumbers>("Float64Array");

  class_<ModelProfiler>("ModelProfiler")
      // Of a safetensors file, images that are one batch, a rung and the time there is.
      .constructor(guard<&make_profiler>, return_value_policy::take_ownership())
      .function("step", guard<&ModelProfiler::step>)
      .function("progress", &ModelProfiler::progress)
      // For each layer a line: its name, a tab, its kind.
      .function("names", guard<&ModelProfiler::names>)
      // For each layer 20 numbers: parent (an index, or -1), depth, calls, FLOPs, bytes read, bytes written, high-water mark,
      // growth; share of the run; samples, median, low, high, MAD, 1 if low and high are the range; rank and 4 extents of its
      // output.
      .function("layers", guard<&ModelProfiler::layers>)
      .function("run", guard<&ModelProfiler::run>)         // 6 numbers, as the samples of a layer
      .function("spans", guard<&ModelProfiler::spans>)     // of the last run: layer, begin, seconds
      .function("memory", guard<&ModelProfiler::memory>);  // of the first run: seconds, bytes, allocated then
}

}  // namespace optlab::bindings
