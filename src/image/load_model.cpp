#include "image/load_model.h"

#include "core/error.h"
#include "image/cnn.h"
#include "image/mlp.h"

namespace optlab::image {

std::unique_ptr<Model> load_model(std::span<const std::byte> file) {
  const checkpoint::SafetensorsMetadata metadata = checkpoint::Safetensors::parse(file).metadata();
  const auto kind = metadata.find("model");
  if (kind == metadata.end() || kind->second == "mlp") return std::make_unique<Mlp>(Mlp::from_safetensors(file));
  if (kind->second == "cnn") return std::make_unique<Cnn>(Cnn::from_safetensors(file));
  throw DataError(text({"checkpoint: \"model\" is \"", kind->second.substr(0, 20), "\"; want \"mlp\" or \"cnn\""}));
}

}  // namespace optlab::image
