#include "image/model.h"

#include <algorithm>
#include <stdexcept>

#include "core/digest.h"
#include "core/error.h"
#include "image/dataset.h"

namespace optlab::image {
namespace {

// Rows computed at a time: enough to keep every kernel and thread busy, few enough that activations stay in the cache's
// reach.
constexpr int kMostBlockRows = 512;
constexpr std::size_t kBlockFloats = std::size_t{1} << 20;

}  // namespace

Model::Model(std::vector<int> example)
    : example_(std::move(example)), network_(std::make_unique<nn::Sequential>("network")), inputs_(1) {
  for (int extent : example_) inputs_ *= extent;
}

Shape Model::input_shape(int batch) const {
  std::vector<int> extents{batch};
  extents.insert(extents.end(), example_.begin(), example_.end());
  return Shape(std::span<const int>(extents));
}

void Model::finish() {
  Shape shape = input_shape(1);
  std::size_t most = shape.element_count();
  for (const auto& layer : network_->layers()) {
    shape = layer->output_shape(shape);
    most = std::max(most, shape.element_count());
  }
  outputs_ = static_cast<int>(shape.element_count());
  block_rows_ = static_cast<int>(std::clamp<std::size_t>(kBlockFloats / most, 1, kMostBlockRows));
}

std::vector<nn::Parameter*> Model::tensors() const {
  std::vector<nn::Parameter*> all = network_->parameters();
  for (nn::Parameter* buffer : network_->buffers()) all.push_back(buffer);
  return all;
}

std::size_t Model::parameter_count() const {
  std::size_t count = 0;
  for (const nn::Parameter* parameter : network_->parameters()) count += parameter->size();
  return count;
}

std::string Model::parameter_digest() const {
  Digest digest;
  for (const nn::Parameter* tensor : tensors()) digest.add(tensor->value.values());
  return digest.hex();
}

std::vector<std::byte> Model::to_safetensors(checkpoint::SafetensorsMetadata metadata) const {
  metadata.emplace("model", kind());
  std::vector<checkpoint::SafetensorsSource> sources;
  for (const nn::Parameter* tensor : tensors()) sources.push_back(checkpoint::source_of(tensor->name, tensor->value));
  return checkpoint::write_safetensors(sources, metadata);
}

void Model::load(const checkpoint::Safetensors& file, const std::string& what) {
  const std::vector<nn::Parameter*> wanted = tensors();
  for (nn::Parameter* tensor : wanted) {
    checkpoint::copy_f32(checkpoint::require_f32(file, tensor->name, tensor->value.shape()), tensor->value.values());
  }
  if (file.tensors().size() == wanted.size()) return;
  throw DataError(text({"checkpoint: ", file.tensors().size(), " tensors, but ", what, " has ", wanted.size()}));
}

void Model::logits(ConstMatrixView x, MatrixView logits, const nn::Compute& compute, profile::Observer* observer) {
  if (x.columns != inputs() || logits.columns != outputs() || logits.rows != x.rows) {
    throw_invalid({"Model: x is ", format_shape({x.rows, x.columns}), " and logits ",
                   format_shape({logits.rows, logits.columns}), "; want [B,", inputs(), "] and [B,", outputs(), "]"});
  }
  const auto adjacent = [](const auto& view) {
    return view.column_stride == 1 && (view.rows < 2 || view.row_stride == view.columns);
  };
  if (!adjacent(x) || !adjacent(logits))
    throw std::invalid_argument("Model: the rows of x and logits must be adjacent");
  const nn::Pass pass{.compute = compute, .observer = observer};
  for (int first = 0; first < x.rows; first += block_rows_) {
    const int rows = std::min(block_rows_, x.rows - first);
    const auto count = static_cast<std::size_t>(rows);
    network_->forward({input_shape(rows), {x.row(first), count * inputs_}},
                      {Shape{rows, outputs_}, {logits.row(first), count * outputs_}}, pass);
  }
}

Classification classify(Model& model, std::span<const std::uint8_t> pixels, const nn::Compute& compute) {
  const auto inputs = static_cast<std::size_t>(model.inputs());
  const auto classes = static_cast<std::size_t>(model.outputs());
  if (pixels.size() % inputs != 0) {
    throw_invalid({"classify: ", pixels.size(), " pixels are not a whole number of images of ", inputs});
  }
  if (classes > 256) throw_invalid({"classify: the model has ", classes, " classes; at most 256"});
  Classification result;
  Digest digest;
  const std::size_t images = pixels.size() / inputs;
  const int block = static_cast<int>(std::min<std::size_t>(images, kMostBlockRows));
  Tensor x(Shape{block, model.inputs()});
  Tensor logits(Shape{block, model.outputs()});
  for (std::size_t first = 0; first < images; first += kMostBlockRows) {
    const std::size_t rows = std::min<std::size_t>(kMostBlockRows, images - first);
    scale_pixels(pixels.subspan(first * inputs, rows * inputs), x.values().first(rows * inputs));
    const int count = static_cast<int>(rows);
    model.logits(x.matrix().block(0, 0, count, model.inputs()), logits.matrix().block(0, 0, count, model.outputs()),
                 compute);
    const auto values = std::span<const float>(logits.values()).first(rows * classes);
    digest.add(values);
    result.logits.insert(result.logits.end(), values.begin(), values.end());
    for (std::size_t i = 0; i < rows; ++i) {
      result.predictions.push_back(static_cast<std::uint8_t>(argmax(values.subspan(i * classes, classes))));
    }
  }
  result.logits_digest = digest.hex();
  return result;
}

double accuracy(std::span<const std::uint8_t> predictions, std::span<const std::uint8_t> labels) {
  if (predictions.size() != labels.size() || labels.empty()) {
    throw_invalid({"accuracy: ", predictions.size(), " predictions for ", labels.size(),
                   " labels; want as many, and at least one"});
  }
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += predictions[i] == labels[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

}  // namespace optlab::image
