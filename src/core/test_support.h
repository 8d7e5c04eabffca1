#pragma once

#include <string>

/// For the tests of all modules.
namespace optlab {

/// The message of the `Error` that `action` throws, or a text saying that it threw none, which no expectation matches.
template <class Error, class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

}  // namespace optlab
