#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "image/cnn.h"
#include "image/mlp.h"
#include "image/trainer.h"
#include "measure/clock.h"

namespace optlab::cli {
namespace {

constexpr int kSizes[] = {784, 256, 128, 10};

struct Options {
  image::TrainingOptions training;
  std::string data;
  std::string out;
  int threads = 1;
  bool fast = false;
};

void report(Progress& progress, const image::TrainingProgress& at, double seconds) {
  const bool epoch_ends = at.batch == at.batches;
  const std::string text = "epoch " + std::to_string(at.epoch) + "/" + std::to_string(at.epochs) + "  loss " +
                           fixed(at.loss, 4) + "  training accuracy " + fixed(at.accuracy, 4) + "  " +
                           fixed(seconds, 1) + " s";
  const double done = (at.epoch - 1 + static_cast<double>(at.batch) / at.batches) / at.epochs;
  epoch_ends ? progress.milestone(text) : progress.show(done, text);
}

/// Nothing in it depends on the machine, the time or the number of threads: the same training gives the same file, in exact
/// mode byte for byte.
checkpoint::SafetensorsMetadata describe(const image::Model& model, const Options& options, int images, int test_images,
                                         double test_accuracy) {
  const image::TrainingOptions& training = options.training;
  checkpoint::SafetensorsMetadata metadata = {{"activation", "relu"},
                                              {"input", "pixel/255, row-major 28x28"},
                                              {"dataset", "Fashion-MNIST"},
                                              {"training_images", std::to_string(images)},
                                              {"optimizer", "Adam"},
                                              {"schedule", training.cosine ? "cosine to 0" : "constant"},
                                              {"epochs", std::to_string(training.epochs)},
                                              {"batch", std::to_string(training.batch)},
                                              {"learning_rate", CLI::detail::to_string(training.learning_rate)},
                                              {"weight_decay", CLI::detail::to_string(training.adam.weight_decay)},
                                              {"seed", std::to_string(training.seed)},
                                              {"test_images", std::to_string(test_images)},
                                              {"test_accuracy", fixed(test_accuracy, 4)},
                                              {"parameter_digest", model.parameter_digest()}};
  if (model.kind() == "mlp") {
    metadata["layers"] = "784-256-128-10";
    metadata["weight_layout"] = "[in,out]";
  } else {
    metadata["weight_layout"] = "[kernel rows,kernel columns,in,out] and [in,out]";
    metadata["arithmetic"] = options.fast ? "fast" : "exact";
  }
  return metadata;
}

void run(image::Model& model, const std::string& description, const Options& options) {
  check_writable(options.out);
  const auto folder = find_data(options.data);
  const image::Dataset training = read_fashion_mnist(folder, "train");
  const image::Dataset test = read_fashion_mnist(folder, "t10k");
  parallel::ThreadPool pool(options.threads);
  Arena scratch;
  gemm::Context context{pool, scratch};
  const nn::Compute compute{nullptr, context, options.fast ? gemm::Mode::kFast : gemm::Mode::kExact};
  model.initialize(options.training.seed);
  std::printf("data        %s: %d training and %d test images\n", folder.c_str(), training.size(), test.size());
  std::printf("model       %s, %zu parameters\n", description.c_str(), model.parameter_count());
  std::fflush(stdout);

  const double start = measure::now_seconds();
  {
    Progress progress;
    image::train(model, training, options.training, compute, [&](const image::TrainingProgress& at) {
      report(progress, at, measure::now_seconds() - start);
      return true;
    });
  }
  const double seconds = measure::now_seconds() - start;
  const nn::Compute exact{nullptr, context};  // as the README's figures
  const double accuracy = image::accuracy(image::classify(model, test.pixels, exact).predictions, test.labels);
  write_file(options.out, model.to_safetensors(describe(model, options, training.size(), test.size(), accuracy)));
  std::printf("time        %.1f s, %d thread%s\n", seconds, pool.threads(), pool.threads() == 1 ? "" : "s");
  std::printf("accuracy    %.4f of the test images\n", accuracy);
  std::printf("digest      %s (of the weights)\n", model.parameter_digest().c_str());
  std::printf("checkpoint  %s\n", options.out.c_str());
}

/// What training has to ask, of any model.
void add_options(CLI::App& command, const std::shared_ptr<Options>& options) {
  command
      .add_option(
          "--data", options->data,
          "Folder with the IDX files; default: $OPTLAB_DATA, /usr/share/datasets/fashion-mnist, data/fashion-mnist")
      ->type_name("DIR");
  add_fields(command, options->training);
  add_threads(command, options->threads);
  command.add_flag("--fast", options->fast, "Fused arithmetic: faster, but the weights' bits depend on the machine");
  command.add_option("--out", options->out, "Checkpoint to write (safetensors)")
      ->type_name("FILE")
      ->capture_default_str();
}

void add_train(CLI::App& app) {
  CLI::App* train = app.add_subcommand("train", "Train a model");
  require_choice(*train);
  auto mlp_options = std::make_shared<Options>();
  mlp_options->out = "fashion-mlp.safetensors";
  CLI::App* mlp = train->add_subcommand("mlp",
                                        "Train a 784-256-128-10 MLP on Fashion-MNIST with Adam.\n"
                                        "The weights are the same bits for any number of threads and on any machine.");
  add_options(*mlp, mlp_options);
  mlp->footer(
      "Examples:\n  optlab train mlp\n  optlab train mlp --epochs 2 --data data/fashion-mnist --out quick.safetensors");
  mlp->callback([mlp_options] {
    image::Mlp model(kSizes);
    run(model, "784-256-128-10", *mlp_options);
  });

  auto cnn_options = std::make_shared<Options>();
  cnn_options->out = "fashion-cnn.safetensors";
  cnn_options->training.epochs = 12;
  CLI::App* cnn = train->add_subcommand("cnn",
                                        "Train a small convolutional network on Fashion-MNIST with Adam.\n"
                                        "The weights are the same bits for any number of threads and on any machine.");
  add_options(*cnn, cnn_options);
  cnn->footer(
      "Examples:\n  optlab train cnn\n  optlab train cnn --epochs 1 --fast --data data/fashion-mnist --out "
      "quick.safetensors");
  cnn->callback([cnn_options] {
    image::Cnn model;
    run(model, "2 convolutions, 2 linear layers", *cnn_options);
  });
}

const Command kCommand(3, add_train);

}  // namespace
}  // namespace optlab::cli
