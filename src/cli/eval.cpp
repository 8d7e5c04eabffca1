#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/error.h"
#include "nn/mlp.h"
#include "profile/clock.h"

namespace optlab::cli {
namespace {

struct Options {
  std::string model = "models/fashion-mlp.safetensors";
  std::string data;
  std::string rung;
  int threads = 1;
  bool json = false;
};

nn::Mlp load_model(const std::string& path) {
  const auto bytes = read_file(path);
  try {
    return nn::Mlp::from_safetensors(bytes);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

void check_fits(const nn::Mlp& model, const std::string& path, const nn::Dataset& data) {
  if (model.inputs() == data.image_size && model.outputs() == 10) return;
  throw DataError(path + ": the model takes " + std::to_string(model.inputs()) + " inputs and gives " +
                  std::to_string(model.outputs()) + " outputs; Fashion-MNIST has 784 pixels and 10 classes");
}

void run(const Options& options) {
  const gemm::Variant* variant = options.rung.empty() ? nullptr : &gemm::variant(options.rung);
  const nn::Mlp model = load_model(options.model);
  const auto folder = find_data(options.data);
  const nn::Dataset data = read_fashion_mnist(folder, "t10k");
  check_fits(model, options.model, data);
  parallel::ThreadPool pool(options.threads);
  Arena scratch;
  gemm::Context context{pool, scratch};

  const double start = profile::now_seconds();
  const auto result = nn::classify(model, data.pixels, {variant, context});
  const double seconds = profile::now_seconds() - start;
  const double accuracy = nn::accuracy(result.predictions, data.labels);

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
  auto options = std::make_shared<Options>();
  CLI::App* mlp = eval->add_subcommand("mlp", "An MLP on Fashion-MNIST");
  mlp->add_option("--model", options->model, "Checkpoint")->type_name("FILE")->capture_default_str();
  mlp->add_option("--data", options->data, "Folder with the IDX files; see optlab train mlp --help")->type_name("DIR");
  mlp->add_option("--rung", options->rung, "GEMM rung (optlab info lists them); default: the dispatcher, exact")
      ->type_name("NAME");
  add_threads(*mlp, options->threads);
  mlp->add_flag("--json", options->json, "Print JSON: accuracy is a fraction from 0 to 1");
  mlp->footer("Examples:\n  optlab eval mlp\n  optlab eval mlp --rung naive --data data/fashion-mnist --json");
  mlp->callback([options] { run(*options); });
  add_eval_lm(*eval);
}

}  // namespace optlab::cli
