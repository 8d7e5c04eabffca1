#include <bit>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "core/digest.h"
#include "core/error.h"
#include "image/trainer.h"
#include "nn/activations.h"

/// How a training is saved and restored.
namespace optlab::image {
namespace {

constexpr const char* kKey = "optlab_training";

/// For people, and its bits, which tell any two apart.
std::string exactly(float value) {
  return text({format_number(value), " (", std::bit_cast<std::uint32_t>(value), ")"});
}

std::string moment_name(const char* which, const nn::Parameter& parameter) {
  return std::string("adam.") + which + "." + parameter.name;
}

checkpoint::SafetensorsSource moment_source(const char* which, const nn::Parameter& parameter,
                                            std::span<const float> moment) {
  checkpoint::SafetensorsSource source = checkpoint::source_of(moment_name(which, parameter), parameter.value);
  source.values = moment;
  return source;
}

/// The rates of the layers that drop elements out; nothing without such layers.
std::string dropouts_of(const nn::Sequential& network) {
  std::string rates;
  for (const auto& layer : network.layers()) {
    if (const auto* dropout = dynamic_cast<const nn::Dropout*>(layer.get()))
      rates += ", dropout " + exactly(dropout->rate());
  }
  return rates;
}

/// A value of the metadata; "missing" if there is none.
std::string value_of(const checkpoint::SafetensorsMetadata& metadata, const char* key) {
  const auto entry = metadata.find(key);
  return entry == metadata.end() ? "missing" : entry->second.substr(0, 400);
}

/// The epochs that a state has behind it. Throws DataError unless it is one of this training.
int epoch_of(const checkpoint::SafetensorsMetadata& found, const checkpoint::SafetensorsMetadata& wanted, int epochs) {
  const std::string training = value_of(found, kKey), want = value_of(wanted, kKey);
  if (training != want) throw DataError(text({"training state: of ", training, "; this training is ", want}));
  const std::string epoch = value_of(found, "epoch");
  for (int i = 0; i <= epochs; ++i) {
    if (epoch == text({i})) return i;
  }
  throw DataError(text({"training state: epoch is ", epoch, "; 0 to ", epochs, " is possible"}));
}

}  // namespace

checkpoint::SafetensorsMetadata Trainer::describe() const {
  Digest labels;
  labels.add(std::span<const std::uint8_t>(data_.labels));
  const train::OptimizerOptions& adam = options_.adam;
  return {{"model", std::string(model_.kind())},
          {"epoch", text({epoch_})},
          {kKey, text({options_.epochs,
                       " epochs, batch ",
                       options_.batch,
                       ", seed ",
                       options_.seed,
                       ", rate ",
                       exactly(options_.learning_rate),
                       options_.cosine ? " cosine" : " constant",
                       ", Adam ",
                       exactly(adam.beta1),
                       " ",
                       exactly(adam.beta2),
                       " ",
                       exactly(adam.epsilon),
                       " ",
                       exactly(adam.weight_decay),
                       ", ",
                       data_.size(),
                       " images, labels ",
                       labels.hex(),
                       dropouts_of(model_.network())})}};
}

std::vector<std::byte> Trainer::save() {
  if (!at_epoch_end()) throw std::logic_error("Trainer: training can be saved at the end of an epoch only");
  std::vector<checkpoint::SafetensorsSource> sources;
  for (const nn::Parameter* tensor : model_.tensors())
    sources.push_back(checkpoint::source_of(tensor->name, tensor->value));
  for (std::size_t i = 0; i < optimizer_.parameters().size(); ++i) {
    sources.push_back(moment_source("first", *optimizer_.parameters()[i], optimizer_.first_moment(i)));
    sources.push_back(moment_source("second", *optimizer_.parameters()[i], optimizer_.second_moment(i)));
  }
  return checkpoint::write_safetensors(sources, describe());
}

void Trainer::restore(std::span<const std::byte> state) {
  const checkpoint::Safetensors file = checkpoint::Safetensors::parse(state);
  const int epoch = epoch_of(file.metadata(), describe(), options_.epochs);
  struct Part {
    const checkpoint::SafetensorsEntry* from;
    std::span<float> to;
  };
  std::vector<Part> parts;  // all is looked at before anything is changed
  const auto add = [&](const std::string& name, const Shape& shape, std::span<float> to) {
    parts.push_back({&checkpoint::require_f32(file, name, shape), to});
  };
  for (nn::Parameter* tensor : model_.tensors()) add(tensor->name, tensor->value.shape(), tensor->value.values());
  for (std::size_t i = 0; i < optimizer_.parameters().size(); ++i) {
    const nn::Parameter& parameter = *optimizer_.parameters()[i];
    add(moment_name("first", parameter), parameter.value.shape(), optimizer_.first_moment(i));
    add(moment_name("second", parameter), parameter.value.shape(), optimizer_.second_moment(i));
  }
  for (const Part& part : parts) checkpoint::copy_f32(*part.from, part.to);
  optimizer_.resume_after(std::int64_t{epoch} * batches_);
  epoch_ = epoch;
  seen_ = 0;
  progress_ = {};
  progress_.epoch = epoch;
  progress_.epochs = options_.epochs;
  progress_.batch = epoch == 0 ? 0 : batches_;
  progress_.batches = batches_;
}

}  // namespace optlab::image
