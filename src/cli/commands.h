#pragma once

#include <CLI/CLI.hpp>
#include <vector>

/// The native program `optlab`: each command in its own file, reading options, calling the library and printing.
namespace optlab::cli {

/// A command. Its file has one of these at namespace scope, by which `main` finds it; CMakeLists.txt names the file, and that is all.
class Command {
 public:
  using Add = void (*)(CLI::App& to);

  /// `add` adds it to the program, or to the command `group` ("train") of the program; what the command throws decides the exit code (see
  /// main.cpp). Help texts list commands by `place`.
  Command(int place, const char* group, Add add) : place_(place), group_(group), add_(add) { all().push_back(this); }
  Command(int place, Add add) : Command(place, "", add) {}
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  static void add_all(CLI::App& program);

 private:
  static std::vector<const Command*>& all();

  int place_;
  const char* group_;
  Add add_;
};

}  // namespace optlab::cli
