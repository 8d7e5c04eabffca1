#pragma once

#include "image/model.h"

namespace optlab::image {

/// The model that a checkpoint holds, by "model" in its metadata ("mlp" without one). Throws DataError.
std::unique_ptr<Model> load_model(std::span<const std::byte> file);

}  // namespace optlab::image
