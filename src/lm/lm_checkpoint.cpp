#include "lm/lm_checkpoint.h"

#include <charconv>
#include <stdexcept>

#include "checkpoint/safetensors_header.h"
#include "core/error.h"

namespace optlab::lm {
namespace {

struct Key {
  const char* name;
  int LmConfig::*field;
};
constexpr Key kKeys[] = {{"vocab", &LmConfig::vocab},        {"dim", &LmConfig::dim},
                         {"layers", &LmConfig::layers},      {"heads", &LmConfig::heads},
                         {"kv_heads", &LmConfig::kv_heads},  {"hidden", &LmConfig::hidden},
                         {"positions", &LmConfig::positions}};

[[noreturn]] void refuse(const std::string& why) { throw DataError("checkpoint: " + why); }

const std::string& require(const checkpoint::SafetensorsMetadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) refuse(std::string("the metadata have no \"") + key + "\"; is this a language model?");
  return found->second;
}

LmConfig read_config(const checkpoint::SafetensorsMetadata& metadata) {
  if (require(metadata, "model") != "lm") {
    refuse("\"model\" is " + checkpoint::printable(metadata.at("model")) + "; \"lm\" is wanted");
  }
  LmConfig config;
  for (const auto& [name, field] : kKeys) {
    const std::string& text = require(metadata, name);
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // The bound keeps products of two of them within a tensor's size.
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > (1 << 20)) {
      refuse("\"" + std::string(name) + "\" is " + checkpoint::printable(text) + "; want 1 to 1048576");
    }
    config.*field = value;
  }
  const std::string& tied = require(metadata, "tied");
  if (tied != "true" && tied != "false") refuse("\"tied\" is " + checkpoint::printable(tied) + "; want true or false");
  config.tied = tied == "true";
  return config;
}

std::vector<int> extents(const Shape& shape) {
  std::vector<int> all;
  for (int axis = 0; axis < shape.rank(); ++axis) all.push_back(shape[axis]);
  return all;
}

/// So that a small file which says that it is large is refused before memory is taken for it.
void check_size(const checkpoint::Safetensors& file, const LmConfig& config) {
  const auto extent = [](int value) { return static_cast<double>(value); };
  const double values =
      extent(config.vocab) * config.dim +
      extent(config.layers) * (2.0 * extent(config.dim) * config.dim + 3.0 * extent(config.dim) * config.hidden);
  double bytes = 0.0;
  for (const checkpoint::SafetensorsEntry& entry : file.tensors()) bytes += static_cast<double>(entry.bytes.size());
  if (bytes < 2.0 * values) refuse("the tensors are too small for the sizes in the metadata");
}

}  // namespace

std::vector<std::byte> to_safetensors(Lm& model, bool half, checkpoint::SafetensorsMetadata metadata) {
  const auto put = [&](const char* key, std::string value) {
    if (!metadata.emplace(key, std::move(value)).second) {
      throw std::invalid_argument("checkpoint: the metadata have \"" + std::string(key) + "\" already");
    }
  };
  put("model", "lm");
  for (const auto& [name, field] : kKeys) put(name, std::to_string(model.config().*field));
  put("tied", model.config().tied ? "true" : "false");
  std::vector<checkpoint::SafetensorsSource> tensors;
  for (const nn::Parameter* parameter : model.parameters()) {
    tensors.push_back({parameter->name, extents(parameter->value.shape()), parameter->value.values(), half});
  }
  return checkpoint::write_safetensors(tensors, metadata);
}

Lm lm_from_safetensors(std::span<const std::byte> bytes) {
  const checkpoint::Safetensors file = checkpoint::Safetensors::parse(bytes);
  const LmConfig config = read_config(file.metadata());
  check_size(file, config);
  std::optional<Lm> model;
  try {
    model.emplace(config);
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
  const std::vector<nn::Parameter*> parameters = model->parameters();
  if (file.tensors().size() != parameters.size()) {
    refuse(
        text({file.tensors().size(), " tensors, but a model of ", config.layers, " layers has ", parameters.size()}));
  }
  for (nn::Parameter* parameter : parameters) {
    const Shape& shape = parameter->value.shape();
    const checkpoint::SafetensorsEntry& entry =
        file.require_float(parameter->name, static_cast<std::size_t>(shape.rank()));
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (entry.shape[axis] == static_cast<std::uint64_t>(shape[axis])) continue;
      refuse(text({"tensor ", checkpoint::printable(parameter->name), " has an extent of ", entry.shape[axis],
                   " where ", shape.to_string(), " is wanted"}));
    }
    checkpoint::copy_float(entry, parameter->value.values());
  }
  return std::move(*model);
}

}  // namespace optlab::lm
