#pragma once

#include <emscripten/val.h>

#include "measure/race.h"

namespace optlab::bindings {

EMSCRIPTEN_DECLARE_VAL_TYPE(LaneArray)
EMSCRIPTEN_DECLARE_VAL_TYPE(Float64Copy)

/// What both kinds of race show of themselves.
LaneArray lanes_of(const measure::Race& race);
/// A copy of a lane's samples, seconds per call.
Float64Copy samples_of(const measure::Race& race, int lane);

}  // namespace optlab::bindings
