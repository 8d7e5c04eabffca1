#include <emscripten/bind.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/guard.h"
#include "bindings/model_profile.h"
#include "core/error.h"
#include "image/dataset.h"
#include "image/load_model.h"

namespace optlab::bindings {
namespace {

using emscripten::val;

EMSCRIPTEN_DECLARE_VAL_TYPE(ProfiledBytes)

/// A classifier on a batch of images.
class ImageProfile final : public ModelProfile {
 public:
  ImageProfile(std::span<const std::byte> file, std::span<const std::uint8_t> pixels, const std::string& variant,
               double seconds)
      : ModelProfile(variant, seconds),
        model_(image::load_model(file)),
        x_(Shape{batch_of(*model_, pixels), model_->inputs()}),
        logits_(Shape{x_.shape()[0], model_->outputs()}) {
    image::scale_pixels(pixels, x_.values());
    model_->prepare(this->variant());  // once, as a program would that runs it often
  }

 private:
  static int batch_of(const image::Model& model, std::span<const std::uint8_t> pixels) {
    const auto inputs = static_cast<std::size_t>(model.inputs());
    if (pixels.empty() || pixels.size() % inputs != 0) {
      throw_invalid({"ModelProfiler: ", pixels.size(), " pixels are not one or more images of ", inputs});
    }
    return static_cast<int>(pixels.size() / inputs);
  }
  void run_model(const nn::Compute& compute, profile::Observer* observer) override {
    model_->logits(x_.matrix(), logits_.matrix(), compute, observer);
  }

  std::unique_ptr<image::Model> model_;
  Tensor x_;
  Tensor logits_;
};

ImageProfile* make_profile(ProfiledBytes file, ProfiledBytes images, std::string variant, double seconds) {
  const auto bytes = copy_from<std::uint8_t>(file);
  const auto pixels = copy_from<std::uint8_t>(images);
  return new ImageProfile(std::as_bytes(std::span(bytes)), pixels, variant, seconds);
}

}  // namespace

EMSCRIPTEN_BINDINGS(optlab_profile_model) {
  using namespace emscripten;
  register_type<ProfiledBytes>("Uint8Array");

  // Of a safetensors file, images that are one batch, a rung and the time there is.
  class_<ImageProfile, base<ModelProfile>>("ModelProfiler")
      .constructor(guard<&make_profile>, return_value_policy::take_ownership());
}

}  // namespace optlab::bindings
