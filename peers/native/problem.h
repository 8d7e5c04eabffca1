#pragma once

#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "library.h"

/// The tasks of peers/families natively: the same operands and the same check of the result.
namespace optlab::peers {

/// Operands with room for a result.
class Problem {
 public:
  virtual ~Problem() = default;
  virtual std::unique_ptr<Prepared> prepare(Library& library, const std::string& row) const = 0;
  /// The largest error of the result, in units of what is allowed.
  virtual double worst_error() const = 0;
  /// Instead, where the caller knows the right result and this doesn't: the result.
  virtual std::vector<float> to_check() const { return {}; }
};

/// Reads a family and its numbers (native-session.ts writes them). Throws std::invalid_argument.
std::unique_ptr<Problem> read_problem(std::istream& request);

}  // namespace optlab::peers
