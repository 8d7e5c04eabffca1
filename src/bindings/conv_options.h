#pragma once

#include <emscripten/bind.h>

#include "bindings/whole.h"
#include "conv/conv.h"

namespace optlab::bindings {

// The extents as JavaScript gives them, and a variant's name. Both are values: for a value object or a std::string Embind
// copies it beforehand and leaves the copy behind when the call throws.
EMSCRIPTEN_DECLARE_VAL_TYPE(ConvOptions)
EMSCRIPTEN_DECLARE_VAL_TYPE(ConvVariantName)

inline conv::Geometry geometry_of(const ConvOptions& options) {
  const auto extent = [&](const char* name) { return whole(name, options[name].as<double>()); };
  const conv::Geometry geometry{1,
                                extent("height"),
                                extent("width"),
                                extent("channels"),
                                extent("outputs"),
                                extent("kernelHeight"),
                                extent("kernelWidth"),
                                extent("stride"),
                                extent("padding"),
                                extent("dilation"),
                                extent("groups")};
  conv::check(geometry);
  return geometry;
}

}  // namespace optlab::bindings
