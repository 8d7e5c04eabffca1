#pragma once

#include <emscripten/val.h>

#include <string>
#include <vector>

#include "nn/compute.h"
#include "profile/model_profiler.h"

namespace optlab::bindings {

EMSCRIPTEN_DECLARE_VAL_TYPE(ProfileNumbers)

/// A model on the shared runtime, run on the same input again and again. Numbers leave as typed arrays, in rows.
class ModelProfile {
 public:
  ModelProfile(const std::string& variant, double seconds);
  virtual ~ModelProfile() = default;
  ModelProfile(const ModelProfile&) = delete;
  ModelProfile& operator=(const ModelProfile&) = delete;

  bool step() { return profiler_.step(); }
  double progress() const { return profiler_.progress(); }
  std::string names() const;
  ProfileNumbers layers() const;
  ProfileNumbers run() const;
  ProfileNumbers spans() const;
  ProfileNumbers memory() const;

 protected:
  const gemm::Variant& variant() const { return variant_; }

 private:
  virtual void run_model(const nn::Compute& compute, profile::Observer* observer) = 0;

  const gemm::Variant& variant_;
  profile::ModelProfiler profiler_;
};

}  // namespace optlab::bindings
