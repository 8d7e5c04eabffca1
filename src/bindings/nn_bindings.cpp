#include <emscripten/bind.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/fields.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "bindings/whole.h"
#include "core/error.h"
#include "image/cnn.h"
#include "image/mlp.h"
#include "image/trainer.h"
#include "measure/clock.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(Bytes)
EMSCRIPTEN_DECLARE_VAL_TYPE(Floats)
EMSCRIPTEN_DECLARE_VAL_TYPE(Numbers)
EMSCRIPTEN_DECLARE_VAL_TYPE(LayerArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(TrainingSettings)
EMSCRIPTEN_DECLARE_VAL_TYPE(ModelKind)

/// As JavaScript sees a classification.
struct Classified {
  Bytes predictions = Bytes(val::undefined());
  std::string logits_digest;
  double seconds = 0;
};

template <class Network>
Network* make_model(Bytes file) {
  const auto bytes = copy_from<std::uint8_t>(file);
  return new Network(Network::from_safetensors(std::as_bytes(std::span(bytes))));
}

Numbers mlp_layers(const image::Mlp& model) {
  return Numbers(val::array(std::vector<int>(model.sizes().begin(), model.sizes().end())));
}

double model_parameters(const image::Model& model) { return static_cast<double>(model.parameter_count()); }
double model_packed_bytes(const image::Model& model) { return static_cast<double>(model.packed_bytes()); }
std::string model_digest(const image::Model& model) { return model.parameter_digest(); }

LayerArray model_network(const image::Model& model) {
  val layers = val::array();
  Shape shape = model.input_shape(1);
  for (const auto& layer : model.network().layers()) {
    shape = layer->output_shape(shape);
    val entry = val::object();
    entry.set("name", layer->name());
    entry.set("kind", std::string(layer->kind()));
    val extents = val::array();
    for (int axis = 1; axis < shape.rank(); ++axis) extents.call<void>("push", shape[axis]);
    entry.set("output", extents);
    layers.call<void>("push", entry);
  }
  return LayerArray(layers);
}

image::Classification classify_with(image::Model& model, std::span<const std::uint8_t> pixels,
                                    const std::string& variant) {
  gemm::Context context = runtime().context();
  return image::classify(model, pixels, {&gemm::variant(variant), context});
}

/// Weights are packed once, when a rung is first used with them, and not timed.
Classified model_classify(image::Model& model, Bytes images, std::string variant) {
  const auto pixels = copy_from<std::uint8_t>(images);
  model.prepare(gemm::variant(variant));
  const double start = measure::now_seconds();
  const image::Classification result = classify_with(model, pixels, variant);
  const double seconds = measure::now_seconds() - start;
  return {Bytes(copy_to("Uint8Array", result.predictions)), result.logits_digest, seconds};
}

Floats model_logits(image::Model& model, Bytes images, std::string variant) {
  return Floats(copy_to("Float32Array", classify_with(model, copy_from<std::uint8_t>(images), variant).logits));
}

Bytes bytes_of(std::span<const std::byte> file) {
  return Bytes(
      val::global("Uint8Array")
          .new_(emscripten::typed_memory_view(file.size(), reinterpret_cast<const std::uint8_t*>(file.data()))));
}

/// As JavaScript sees image::TrainingProgress.
struct Progress {
  int epoch = 0, epochs = 0, batch = 0, batches = 0;
  double learning_rate = 0, loss = 0, accuracy = 0;
  bool done = false;
};

std::unique_ptr<image::Model> new_model(const std::string& kind, const val& settings) {
  constexpr int kSizes[] = {784, 256, 128, 10};
  if (kind == "mlp") return std::make_unique<image::Mlp>(kSizes);
  if (kind == "cnn") {
    image::CnnOptions options;
    const val dropout = settings["dropout"];
    if (!dropout.isUndefined()) options.dropout = dropout.as<float>();
    return std::make_unique<image::Cnn>(options);
  }
  throw_invalid({"Trainer: no model \"", kind.substr(0, 20), "\"; there are mlp and cnn"});
}

constexpr TypeText kTrainingSettings = type_text<image::TrainingOptions>("fast: boolean; dropout?: number; ");

image::TrainingOptions options_of(const val& settings) {
  image::TrainingOptions options;
  read_fields(settings, options);
  return options;
}

image::Dataset dataset_of(const val& images, const val& labels) {
  image::Dataset data{784, copy_from<std::uint8_t>(images), copy_from<std::uint8_t>(labels)};
  if (data.pixels.size() != data.labels.size() * 784) {
    throw_invalid({"Trainer: ", data.pixels.size(), " pixels for ", data.labels.size(), " labels; an image has 784"});
  }
  for (std::uint8_t label : data.labels) {
    if (label > 9) throw_invalid({"Trainer: a label is ", label, "; 0 to 9 are allowed"});
  }
  return data;
}

/// A model and its training, with the images it trains on.
class Training {
 public:
  Training(const std::string& kind, const val& images, const val& labels, const val& settings)
      : mode_(settings["fast"].as<bool>() ? gemm::Mode::kFast : gemm::Mode::kExact),
        model_(new_model(kind, settings)),
        data_(dataset_of(images, labels)),
        trainer_(start(options_of(settings))) {}

  Progress step() {
    gemm::Context context = runtime().context();
    trainer_->step({nullptr, context, mode_});
    return progress();
  }
  Progress progress() const {
    const image::TrainingProgress& at = trainer_->progress();
    return {at.epoch, at.epochs,   at.batch,        at.batches, static_cast<double>(at.learning_rate),
            at.loss,  at.accuracy, trainer_->done()};
  }
  Bytes save() { return bytes_of(trainer_->save()); }
  void restore(Bytes state) {
    const auto bytes = copy_from<std::uint8_t>(state);
    trainer_->restore(std::as_bytes(std::span(bytes)));
  }
  Bytes checkpoint() const { return bytes_of(model_->to_safetensors()); }

 private:
  std::unique_ptr<image::Trainer> start(const image::TrainingOptions& options) {
    model_->initialize(options.seed);
    return std::make_unique<image::Trainer>(*model_, data_, options);
  }

  gemm::Mode mode_;
  std::unique_ptr<image::Model> model_;
  image::Dataset data_;
  std::unique_ptr<image::Trainer> trainer_;
};

Training* make_training(ModelKind kind, Bytes images, Bytes labels, TrainingSettings settings) {
  return new Training(kind.as<std::string>(), images, labels, settings);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_nn) {
  using namespace emscripten;
  register_type<Bytes>("Uint8Array");
  register_type<Floats>("Float32Array");
  register_type<Numbers>("number[]");
  register_type<LayerArray>("{ name: string; kind: string; output: number[] }[]");
  register_type<ModelKind>("'mlp' | 'cnn'");
  register_type<TrainingSettings>(kTypeName<kTrainingSettings>.data());

  value_object<Classified>("Classification")
      .field("predictions", &Classified::predictions)
      .field("logitsDigest", &Classified::logits_digest)
      .field("seconds", &Classified::seconds);

  class_<image::Model>("Model")
      .function("parameters", &model_parameters)
      .function("packedBytes", &model_packed_bytes)
      .function("digest", &model_digest)
      .function("network", &model_network)  // its layers, with the shape of an example's output
      .function("classify", guard<&model_classify>)
      .function("logits", guard<&model_logits>);
  class_<image::Mlp, base<image::Model>>("Mlp")
      .constructor(guard<&make_model<image::Mlp>>, return_value_policy::take_ownership())  // of a safetensors file
      .function("layers", &mlp_layers);
  class_<image::Cnn, base<image::Model>>("Cnn")
      .constructor(guard<&make_model<image::Cnn>>, return_value_policy::take_ownership())
      .function("fold", guard<&image::Cnn::fold>);

  value_object<Progress>("TrainingProgress")
      .field("epoch", &Progress::epoch)
      .field("epochs", &Progress::epochs)
      .field("batch", &Progress::batch)
      .field("batches", &Progress::batches)
      .field("learningRate", &Progress::learning_rate)
      .field("loss", &Progress::loss)
      .field("accuracy", &Progress::accuracy)
      .field("done", &Progress::done);

  // A step is a batch. `save` at the end of an epoch, when batch is batches; `restore` into a Trainer of the same settings and data.
  class_<Training>("Trainer")
      .constructor(guard<&make_training>, return_value_policy::take_ownership())
      .function("step", guard<&Training::step>)
      .function("progress", &Training::progress)
      .function("save", guard<&Training::save>)
      .function("restore", guard<&Training::restore>)
      .function("checkpoint", guard<&Training::checkpoint>);  // a file for Mlp or Cnn: the model as it is now
}

}  // namespace optlab::bindings
