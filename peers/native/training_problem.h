#pragma once

#include <istream>
#include <memory>

#include "problem.h"

namespace optlab::peers {

/// The training that "mlp 128" or "cnn 32" asks for, with the operands of families/training.ts. Throws std::invalid_argument.
std::unique_ptr<Problem> read_training(std::istream& request);

}  // namespace optlab::peers
