#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/error.h"
#include "image/load_model.h"
#include "measure/clock.h"

namespace optlab::cli {
namespace {

struct Options {
  std::string model;
  std::string data;
  std::string rung;
  int threads = 1;
  bool json = false;
};

std::unique_ptr<image::Model> load_model(const std::string& path) {
  const auto bytes = read_file(path);
  try {
    return image::load_model(bytes);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

void check_fits(const image::Model& model, const std::string& kind, const std::string& path,
                const image::Dataset& data) {
  if (model.kind() != kind) {
    throw DataError(path + ": holds a model of kind " + std::string(model.kind()) + "; try optlab eval " +
                    std::string(model.kind()));
  }
  if (model.inputs() == data.image_size && model.outputs() == 10) return;
  throw DataError(path + ": the model takes " + std::to_string(model.inputs()) + " inputs and gives " +
                  std::to_string(model.outputs()) + " outputs; Fashion-MNIST has 784 pixels and 10 classes");
}

void run(const std::string& kind, const Options& options) {
  const gemm::Variant* variant = options.rung.empty() ? nullptr : &gemm::variant(options.rung);
  const std::unique_ptr<image::Model> loaded = load_model(options.model);
  image::Model& model = *loaded;
  const auto folder = find_data(options.data);
  const image::Dataset data = read_fashion_mnist(folder, "t10k");
  check_fits(model, kind, options.model, data);
  parallel::ThreadPool pool(options.threads);
  Arena scratch;
  gemm::Context context{pool, scratch};

  const double start = measure::now_seconds();
  const auto result = image::classify(model, data.pixels, {variant, context});
  const double seconds = measure::now_seconds() - start;
  const double accuracy = image::accuracy(result.predictions, data.labels);

  const std::string rung = variant != nullptr ? options.rung : "dispatcher (exact)";
  if (options.json) {
    const nlohmann::ordered_json out = {
        {"accuracy", accuracy}, {"images", data.size()},     {"seconds", seconds},     {"digest", result.logits_digest},
        {"rung", rung},         {"threads", pool.threads()}, {"model", options.model}, {"data", folder.string()}};
    std::printf("%s\n", out.dump(2).c_str());
    return;
  }
  std::printf("model     %s (%zu parameters)\n", options.model.c_str(), model.parameter_count());
  std::printf("data      %s\n", folder.c_str());
  std::printf("rung      %s, %d thread%s\n", rung.c_str(), pool.threads(), pool.threads() == 1 ? "" : "s");
  std::printf("accuracy  %.4f of %d images\n", accuracy, data.size());
  std::printf("time      %.3f s, %.1f µs an image\n", seconds, 1e6 * seconds / data.size());
  std::printf("digest    %s (of all logits)\n", result.logits_digest.c_str());
}

}  // namespace

void add_eval(CLI::App& app) {
  CLI::App* eval = app.add_subcommand("eval", "Evaluate a trained model");
  require_choice(*eval);
  for (const std::string kind : {"mlp", "cnn"}) {
    auto options = std::make_shared<Options>();
    options->model = "models/fashion-" + kind + ".safetensors";
    CLI::App* command =
        eval->add_subcommand(kind, kind == "mlp" ? "An MLP on Fashion-MNIST" : "A CNN on Fashion-MNIST");
    command->add_option("--model", options->model, "Checkpoint")->type_name("FILE")->capture_default_str();
    command->add_option("--data", options->data, "Folder with the IDX files; see optlab train " + kind + " --help")
        ->type_name("DIR");
    command->add_option("--rung", options->rung, "GEMM rung (optlab info lists them); default: the dispatcher, exact")
        ->type_name("NAME");
    add_threads(*command, options->threads);
    command->add_flag("--json", options->json, "Print JSON: accuracy is a fraction from 0 to 1");
    std::string footer = "Examples:\n  optlab eval ";
    footer.append(kind).append("\n  optlab eval ").append(kind);
    command->footer(footer.append(" --rung naive --data data/fashion-mnist --json"));
    command->callback([kind, options] { run(kind, *options); });
  }
  add_eval_lm(*eval);
}

}  // namespace optlab::cli
