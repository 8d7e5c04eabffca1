#pragma once

#include <emscripten/val.h>

#include <string>
#include <vector>

#include "nn/compute.h"
#include "profile/model_profiler.h"

namespace optlab::bindings {

EMSCRIPTEN_DECLARE_VAL_TYPE(LayerRows)
EMSCRIPTEN_DECLARE_VAL_TYPE(TimingRows)
EMSCRIPTEN_DECLARE_VAL_TYPE(SpanRows)
EMSCRIPTEN_DECLARE_VAL_TYPE(MemoryRows)

/// A model on the shared runtime, run on the same input again and again.
class ModelProfile {
 public:
  ModelProfile(const std::string& variant, double seconds);
  virtual ~ModelProfile() = default;
  ModelProfile(const ModelProfile&) = delete;
  ModelProfile& operator=(const ModelProfile&) = delete;

  bool step() { return profiler_.step(); }
  double progress() const { return profiler_.progress(); }
  std::string names() const;
  LayerRows layers() const;
  TimingRows timings() const;
  SpanRows spans() const;
  MemoryRows memory() const;

 protected:
  const gemm::Variant& variant() const { return variant_; }

 private:
  virtual void run_model(const nn::Compute& compute, profile::Observer* observer) = 0;

  const gemm::Variant& variant_;
  profile::ModelProfiler profiler_;
};

}  // namespace optlab::bindings
