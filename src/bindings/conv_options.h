#pragma once

#include "bindings/whole.h"
#include "conv/conv.h"

namespace optlab::bindings {

/// The extents as JavaScript gives them.
struct ConvOptions {
  double height, width, channels, outputs, kernel_height, kernel_width, stride, padding, dilation, groups;
};

inline conv::Geometry geometry_of(const ConvOptions& o) {
  const conv::Geometry geometry{1,
                                whole("height", o.height),
                                whole("width", o.width),
                                whole("channels", o.channels),
                                whole("outputs", o.outputs),
                                whole("kernelHeight", o.kernel_height),
                                whole("kernelWidth", o.kernel_width),
                                whole("stride", o.stride),
                                whole("padding", o.padding),
                                whole("dilation", o.dilation),
                                whole("groups", o.groups)};
  conv::check(geometry);
  return geometry;
}

}  // namespace optlab::bindings
