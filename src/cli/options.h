#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/fields.h"
#include "parallel/thread_pool.h"

namespace optlab::cli {

/// A finite number in [least, most]; CLI::Range lets a NaN pass.
inline CLI::Validator number_between(double least, double most) {
  return CLI::Validator(
      [least, most](std::string& text) -> std::string {
        double value = 0.0;
        if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most) return {};
        return "'" + text + "' is not a number from " + CLI::detail::to_string(least) + " to " +
               CLI::detail::to_string(most);
      },
      "");
}

/// A whole number in [least, most].
inline CLI::Validator count_between(long long least, long long most) {
  return CLI::Validator(
      [least, most](std::string& text) -> std::string {
        long long value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most) return {};
        return "'" + text + "' is not a whole number from " + std::to_string(least) + " to " + std::to_string(most);
      },
      "");
}

/// `group` needs one of its subcommands. CLI11's own rule would answer an unknown word with "a subcommand is required".
inline void require_choice(CLI::App& group) {
  group.require_subcommand(0, 1);
  group.final_callback([&group] {
    if (!group.get_subcommands().empty()) return;
    std::string names;
    for (const CLI::App* choice : group.get_subcommands({})) names += (names.empty() ? "" : ", ") + choice->get_name();
    throw std::invalid_argument("'" + group.get_name() + "' needs one of these after it: " + names + " (try --help)");
  });
}

/// An option for each field of `options` that has a help text. `after` is called with each field's name, to add others in between.
template <class Options, class After>
void add_fields(CLI::App& command, Options& options, const After& after) {
  Options::fields(options, [&]<class T>(T& value, const Field& field) {
    std::string name = *field.option == 0 ? field.name : field.option;
    std::replace(name.begin(), name.end(), '_', '-');
    if constexpr (Number<T>) {
      if (*field.help == 0) return;
      CLI::Option* option = command.add_option("--" + name, value, field.help);
      option->check(std::integral<T> ? count_between(std::llround(field.least), std::llround(field.most))
                                     : number_between(field.least, field.most));
      option->type_name(field.unit)->capture_default_str();
    }
    after(std::string_view(field.name));
  });
}
template <class Options>
void add_fields(CLI::App& command, Options& options) {
  add_fields(command, options, [](std::string_view) {});
}

inline void add_threads(CLI::App& command, int& threads) {
  threads = parallel::hardware_threads();
  command.add_option("--threads", threads, "Threads; default: the processors of this machine")
      ->check(count_between(1, 256))
      ->type_name("N");
}

}  // namespace optlab::cli
