#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <ranges>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "core/rng.h"

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

/// Uniform in [-reach, reach), other numbers for each stream.
inline std::vector<float> random_values(std::size_t count, std::uint32_t stream, float reach = 1.0F) {
  std::vector<float> values(count);
  Rng(2026, stream).fill_uniform(values, -reach, reach);
  return values;
}

/// The bits of the values, so that NaN equals NaN and -0 differs from +0.
inline std::uint64_t digest_of(std::span<const float> values) {
  Digest digest;
  digest.add(values);
  return digest.value();
}

/// What a result's gaps and surroundings hold before and after.
inline constexpr float kUntouched = -77.0F;

/// The rungs of a ladder that this CPU runs; those of one mode.
template <class Variant>
auto supported(std::span<const Variant> ladder) {
  return ladder | std::views::filter([](const Variant& rung) { return rung.supported(); });
}
template <class Variant, class Mode>
auto supported(std::span<const Variant> ladder, Mode mode) {
  return ladder | std::views::filter([mode](const Variant& rung) { return rung.supported() && rung.mode == mode; });
}

/// What holds for every family's ladder: the reference is first and runs everywhere, names differ, and `find` gives each
/// rung that this CPU runs and refuses all other names, listing what there is.
template <class Variant, class Find>
void expect_ladder(std::span<const Variant> ladder, const Find& find) {
  EXPECT_TRUE(ladder.front().supported());
  std::set<std::string_view> names;
  for (const Variant& rung : ladder) {
    EXPECT_TRUE(names.insert(rung.name).second) << rung.name << " twice";
    EXPECT_FALSE(rung.idea.empty() || rung.isa.empty()) << rung.name;
    if (rung.supported()) {
      EXPECT_EQ(&find(rung.name), &rung);
    } else {
      EXPECT_THROW(find(rung.name), std::invalid_argument) << rung.name;
    }
  }
  EXPECT_MESSAGE(std::invalid_argument, find("warp"),
                 "no variant \"warp\" here; there are " + std::string(ladder.front().name));
}

}  // namespace optlab
