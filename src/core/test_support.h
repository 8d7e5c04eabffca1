#pragma once

#include <gtest/gtest.h>

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

/// Expects one line from `statement`'s `Error`, with `part` in it.
#define EXPECT_MESSAGE(Error, statement, part)                                                            \
  do {                                                                                                    \
    const std::string message = ::optlab::message_of<Error>([&] { static_cast<void>(statement); });       \
    EXPECT_NE(message.find(part), std::string::npos) << "message: " << message << "\nwanted: " << (part); \
    EXPECT_EQ(message.find('\n'), std::string::npos) << "more than one line: " << message;                \
  } while (false)

}  // namespace optlab
