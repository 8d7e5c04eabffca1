#pragma once

#include <CLI/CLI.hpp>

/// The native program `optlab`: each command in its own file, reading options, calling the library and printing.
namespace optlab::cli {

// Each adds its command to `app`; what it throws decides the exit code (see main.cpp).
void add_info(CLI::App& app);
void add_bench(CLI::App& app);
void add_train(CLI::App& app);
void add_eval(CLI::App& app);
void add_tokenizer(CLI::App& app);
void add_generate(CLI::App& app);
// To `train` and `eval`.
void add_train_lm(CLI::App& train);
void add_eval_lm(CLI::App& eval);

}  // namespace optlab::cli
