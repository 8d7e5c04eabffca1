#pragma once

#include <CLI/CLI.hpp>

/// The native program `optlab`: each command in its own file, reading options, calling the library and printing.
namespace optlab::cli {

// Each adds its command to `app`; what it throws decides the exit code (see main.cpp).
void add_info(CLI::App& app);
void add_bench(CLI::App& app);
void add_train(CLI::App& app);
void add_eval(CLI::App& app);

}  // namespace optlab::cli
