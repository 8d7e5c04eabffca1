#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.h"
#include "cli/output.h"
#include "gemm/gemm.h"
#include "measure/clock.h"
#include "parallel/thread_pool.h"
#include "simd/isa.h"

namespace optlab::cli {
namespace {

using Json = nlohmann::ordered_json;

/// The CPU's name where the system tells it as a file (Linux), else empty.
std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

const char* mode_name(gemm::Mode mode) { return mode == gemm::Mode::kExact ? "exact" : "fast"; }

Json variants_json() {
  Json rows = Json::array();
  for (const gemm::Variant& variant : gemm::variants()) {
    rows.push_back({{"name", variant.name},
                    {"idea", variant.idea},
                    {"isa", variant.isa},
                    {"mode", mode_name(variant.mode)},
                    {"threaded", variant.threaded},
                    {"supported", variant.supported()}});
  }
  return rows;
}

void print_json() {
  const Json info = {{"version", OPTLAB_VERSION},
                     {"cpu", cpu_name()},
                     {"isa", simd::isa_name()},
                     {"threads", parallel::hardware_threads()},
                     {"clock_tick_seconds", measure::clock_tick()},
                     {"compiler", __VERSION__},
                     {"gemm", variants_json()}};
  std::printf("%s\n", info.dump(2).c_str());
}

void print_text() {
  const std::string cpu = cpu_name();
  std::printf("optlab      %s\n", OPTLAB_VERSION);
  if (!cpu.empty()) std::printf("CPU         %s\n", cpu.c_str());
  std::printf("ISA         %s\n", simd::isa_name().c_str());
  std::printf("threads     %d\n", parallel::hardware_threads());
  std::printf("clock tick  %.0f ns\n", 1e9 * measure::clock_tick());
  std::printf("compiler    %s\n\n", __VERSION__);
  Table table({"gemm", "mode", "ISA", "threaded", "runs here"});
  for (const gemm::Variant& variant : gemm::variants()) {
    table.add({std::string(variant.name), mode_name(variant.mode), std::string(variant.isa),
               variant.threaded ? "yes" : "no", variant.supported() ? "yes" : "no"});
  }
  table.print();
}

void add_info(CLI::App& app) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("info", "What this machine and this build can run");
  command->add_flag("--json", *json, "Print JSON");
  command->footer("Examples:\n  optlab info\n  optlab info --json");
  command->callback([json] { *json ? print_json() : print_text(); });
}

const Command kCommand(1, add_info);

}  // namespace
}  // namespace optlab::cli
