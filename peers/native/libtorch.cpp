// libtorch: modules, autograd and Adam, as its C++ guide trains. Rows of the CNN: "contiguous", channels first in memory, and
// "channels_last". The instruction set: environment variables ATEN_CPU_CAPABILITY, ONEDNN_MAX_CPU_ISA and OPENBLAS_CORETYPE.
#include <ATen/Version.h>
#include <torch/torch.h>
#include <torch/version.h>

#include <memory>

#include "harness.h"

namespace {

using optlab::peers::Training;
using torch::Tensor;

Tensor tensor_of(const Training::Weight& weight) {
  return torch::from_blob(const_cast<float*>(weight.values), weight.shape, torch::kFloat32);
}

class Network : public torch::nn::Module {
 public:
  virtual Tensor forward(Tensor x) = 0;
  /// The initial values of weights, biases and norms.
  virtual void initialize(const std::vector<Training::Weight>& weights) = 0;

 protected:
  static void initialize_linear(torch::nn::Linear& layer, const Tensor& weight) {
    layer->weight.copy_(weight.t());
    layer->bias.zero_();
  }
};

class Mlp : public Network {
 public:
  Tensor forward(Tensor x) override {
    x = torch::relu(first_(x));
    x = torch::relu(second_(x));
    return third_(x);
  }
  void initialize(const std::vector<Training::Weight>& weights) override {
    initialize_linear(first_, tensor_of(weights[0]));
    initialize_linear(second_, tensor_of(weights[1]));
    initialize_linear(third_, tensor_of(weights[2]));
  }

 private:
  torch::nn::Linear first_ = register_module("first", torch::nn::Linear(784, 256));
  torch::nn::Linear second_ = register_module("second", torch::nn::Linear(256, 128));
  torch::nn::Linear third_ = register_module("third", torch::nn::Linear(128, 10));
};

class Cnn : public Network {
 public:
  Tensor forward(Tensor x) override {
    x = torch::max_pool2d(norm1_(conv1_(x)).relu_(), 2);
    x = torch::max_pool2d(norm2_(conv2_(x)).relu_(), 2);
    return linear2_(torch::relu(linear1_(x.flatten(1))));
  }
  void initialize(const std::vector<Training::Weight>& weights) override {
    // Ours are height, width, channels, outputs; also of the first linear layer, whose inputs are pixels.
    conv1_->weight.copy_(tensor_of(weights[0]).permute({3, 2, 0, 1}));
    conv2_->weight.copy_(tensor_of(weights[1]).permute({3, 2, 0, 1}));
    norm1_->reset_parameters();
    norm2_->reset_parameters();
    const Tensor pixels = tensor_of(weights[2]).reshape({7, 7, 32, 64});
    initialize_linear(linear1_, pixels.permute({2, 0, 1, 3}).reshape({32 * 7 * 7, 64}));
    initialize_linear(linear2_, tensor_of(weights[3]));
  }

 private:
  static torch::nn::Conv2d convolution(int channels, int outputs) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, outputs, 3).padding(1).bias(false));
  }
  torch::nn::Conv2d conv1_ = register_module("conv1", convolution(1, 16));
  torch::nn::BatchNorm2d norm1_ = register_module("norm1", torch::nn::BatchNorm2d(16));
  torch::nn::Conv2d conv2_ = register_module("conv2", convolution(16, 32));
  torch::nn::BatchNorm2d norm2_ = register_module("norm2", torch::nn::BatchNorm2d(32));
  torch::nn::Linear linear1_ = register_module("linear1", torch::nn::Linear(32 * 7 * 7, 64));
  torch::nn::Linear linear2_ = register_module("linear2", torch::nn::Linear(64, 10));
};

class Trainee : public optlab::peers::Trainee {
 public:
  Trainee(const Training& problem, bool channels_last) : problem_(problem) {
    const std::int64_t batch = problem.batch;
    const auto bytes = [](const std::uint8_t* values, at::IntArrayRef shape) {
      return torch::from_blob(const_cast<std::uint8_t*>(values), shape, torch::kUInt8);
    };
    x_ = bytes(problem.images, {batch, 784}).to(torch::kFloat32).div_(255.0F);
    labels_ = bytes(problem.labels, {batch}).to(torch::kInt64);
    if (problem.convolutional) {
      network_ = std::make_shared<Cnn>();
      x_ = x_.reshape({batch, 1, 28, 28});
    } else {
      network_ = std::make_shared<Mlp>();
    }
    if (channels_last) {
      x_ = x_.contiguous(at::MemoryFormat::ChannelsLast);
      for (Tensor& value : network_->parameters()) {
        if (value.dim() == 4) value.set_data(value.contiguous(at::MemoryFormat::ChannelsLast));
      }
    }
    network_->train();
    restart();
  }

  double step() override {
    adam_->zero_grad();
    const Tensor loss = torch::nn::functional::cross_entropy(network_->forward(x_), labels_);
    loss.backward();
    adam_->step();
    return loss.item<double>();
  }

  void restart() override {
    {
      const torch::NoGradGuard guard;
      network_->initialize(problem_.weights);
    }
    const auto options = torch::optim::AdamOptions(problem_.learning_rate).betas({0.9, 0.999}).eps(1e-8);
    adam_ = std::make_unique<torch::optim::Adam>(network_->parameters(), options);
  }

 private:
  const Training& problem_;
  Tensor x_, labels_;
  std::shared_ptr<Network> network_;
  std::unique_ptr<torch::optim::Adam> adam_;
};

class LibTorch : public optlab::peers::Library {
 public:
  std::string details() const override {
    // A line of its configuration says what its kernels use.
    const std::string config = at::show_config(), key = "CPU capability usage: ";
    const std::size_t at = config.find(key);
    if (at == std::string::npos) return TORCH_VERSION;
    const std::size_t begin = at + key.size();
    return TORCH_VERSION ", its own kernels " + config.substr(begin, config.find('\n', begin) - begin);
  }

  std::unique_ptr<optlab::peers::Prepared> product(const optlab::peers::Product&, const std::string&) override {
    throw missing("products");
  }
  std::unique_ptr<optlab::peers::Trainee> training(const Training& problem, const std::string& row) override {
    return std::make_unique<Trainee>(problem, row == "channels_last");
  }
};

}  // namespace

int main() {
  at::set_num_threads(1);
  at::set_num_interop_threads(1);
  LibTorch library;
  return optlab::peers::serve(library);
}
