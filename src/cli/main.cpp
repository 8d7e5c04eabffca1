#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"

namespace optlab::cli {

std::vector<const Command*>& Command::all() {
  static std::vector<const Command*> commands;
  return commands;
}

void Command::add_all(CLI::App& program) {
  std::ranges::sort(all(), {}, &Command::place_);
  for (const Command* command : all()) {
    command->add_(*command->group_ == 0 ? program : *program.get_subcommand(command->group_));
  }
}

}  // namespace optlab::cli

namespace {

constexpr int kFailed = 1;    // a file is missing or corrupt, memory is out, training diverged
constexpr int kBadUsage = 2;  // the arguments

/// One line on stderr, whatever the message holds.
int fail(std::string message, int code) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::fprintf(stderr, "optlab: %s\n", message.c_str());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "OptLab: measure, train and evaluate, to see what makes machine-learning models fast.\n"
      "Bad arguments end with exit code 2, anything else that fails with 1; the reason is one line on stderr.",
      "optlab");
  app.set_version_flag("--version", "optlab " OPTLAB_VERSION);
  optlab::cli::require_choice(app);
  app.footer(
      "Examples:\n"
      "  optlab info\n"
      "  optlab bench gemm --size 768 --threads 4\n"
      "  optlab train mlp --epochs 5 --out my-mlp.safetensors\n"
      "  optlab eval mlp --model my-mlp.safetensors --json\n"
      "  optlab generate --prompt 'Call me' --count 50");
  optlab::cli::Command::add_all(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    return fail(std::string(error.what()) + " (try --help)", kBadUsage);
  } catch (const std::invalid_argument& error) {
    return fail(error.what(), kBadUsage);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", kFailed);
  } catch (const std::exception& error) {
    return fail(error.what(), kFailed);
  }
  return 0;
}
