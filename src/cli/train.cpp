#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "nn/mlp.h"
#include "nn/trainer.h"
#include "profile/clock.h"

namespace optlab::cli {
namespace {

constexpr int kSizes[] = {784, 256, 128, 10};

struct Options {
  nn::TrainingOptions training;
  std::string data;
  std::string out = "fashion-mlp.safetensors";
  int threads = 1;
};

void report(Progress& progress, const nn::TrainingProgress& at, double seconds) {
  const bool epoch_ends = at.batch == at.batches;
  const std::string text = "epoch " + std::to_string(at.epoch) + "/" + std::to_string(at.epochs) + "  loss " +
                           fixed(at.loss, 4) + "  training accuracy " + fixed(at.accuracy, 4) + "  " +
                           fixed(seconds, 1) + " s";
  const double done = (at.epoch - 1 + static_cast<double>(at.batch) / at.batches) / at.epochs;
  epoch_ends ? progress.milestone(text) : progress.show(done, text);
}

/// Nothing in it depends on the machine, the time or the number of threads: the same training gives the same file.
nn::SafetensorsMetadata describe(const nn::Mlp& model, const nn::TrainingOptions& training, int images, int test_images,
                                 double test_accuracy) {
  return {{"model", "mlp"},
          {"layers", "784-256-128-10"},
          {"activation", "relu"},
          {"input", "pixel/255, row-major 28x28"},
          {"weight_layout", "[in,out]"},
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
}

void run(const Options& options) {
  check_writable(options.out);
  const auto folder = find_data(options.data);
  const nn::Dataset training = read_fashion_mnist(folder, "train");
  const nn::Dataset test = read_fashion_mnist(folder, "t10k");
  parallel::ThreadPool pool(options.threads);
  Arena scratch;
  gemm::Context context{pool, scratch};
  const nn::Compute compute{nullptr, context};
  nn::Mlp model(kSizes);
  model.initialize(options.training.seed);
  std::printf("data        %s: %d training and %d test images\n", folder.c_str(), training.size(), test.size());
  std::printf("model       784-256-128-10, %zu parameters\n", model.parameter_count());
  std::fflush(stdout);

  const double start = profile::now_seconds();
  {
    Progress progress;
    nn::train(model, training, options.training, compute, [&](const nn::TrainingProgress& at) {
      report(progress, at, profile::now_seconds() - start);
      return true;
    });
  }
  const double seconds = profile::now_seconds() - start;
  const double accuracy = nn::accuracy(nn::classify(model, test.pixels, compute).predictions, test.labels);
  write_file(options.out,
             model.to_safetensors(describe(model, options.training, training.size(), test.size(), accuracy)));
  std::printf("time        %.1f s, %d thread%s\n", seconds, pool.threads(), pool.threads() == 1 ? "" : "s");
  std::printf("accuracy    %.4f of the test images\n", accuracy);
  std::printf("digest      %s (of the weights)\n", model.parameter_digest().c_str());
  std::printf("checkpoint  %s\n", options.out.c_str());
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* train = app.add_subcommand("train", "Train a model");
  require_choice(*train);
  auto options = std::make_shared<Options>();
  nn::TrainingOptions& training = options->training;
  CLI::App* mlp = train->add_subcommand("mlp",
                                        "Train a 784-256-128-10 MLP on Fashion-MNIST with Adam.\n"
                                        "The weights are the same bits for any number of threads and on any machine.");
  mlp->add_option(
         "--data", options->data,
         "Folder with the IDX files; default: $OPTLAB_DATA, /usr/share/datasets/fashion-mnist, data/fashion-mnist")
      ->type_name("DIR");
  mlp->add_option("--epochs", training.epochs, "Passes over the training images")
      ->check(count_between(1, 10000))
      ->type_name("N")
      ->capture_default_str();
  mlp->add_option("--batch", training.batch, "Images a step")
      ->check(count_between(1, 65536))
      ->type_name("N")
      ->capture_default_str();
  mlp->add_option("--lr", training.learning_rate, "Learning rate at the start; it falls to 0 along half a cosine")
      ->check(number_between(1e-8, 10))
      ->type_name("RATE")
      ->capture_default_str();
  mlp->add_option("--weight-decay", training.adam.weight_decay, "Decoupled weight decay")
      ->check(number_between(0, 10))
      ->type_name("RATE")
      ->capture_default_str();
  mlp->add_option("--seed", training.seed, "Of the first weights and the order of images")
      ->check(count_between(0, 1'000'000'000'000))
      ->type_name("N")
      ->capture_default_str();
  add_threads(*mlp, options->threads);
  mlp->add_option("--out", options->out, "Checkpoint to write (safetensors)")->type_name("FILE")->capture_default_str();
  mlp->footer(
      "Examples:\n  optlab train mlp\n  optlab train mlp --epochs 2 --data data/fashion-mnist --out quick.safetensors");
  mlp->callback([options] { run(*options); });
  add_train_lm(*train);
}

}  // namespace optlab::cli
