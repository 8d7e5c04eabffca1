#pragma once

#include <string_view>

#include "core/tensor.h"
#include "profile/work.h"

namespace optlab::profile {

/// What a model says of a layer that it is about to run.
struct LayerInfo {
  std::string_view name;  // unique within its parent, such as "fc1" or "block3"; lives as long as the call
  std::string_view kind;  // "Linear", "Conv2d", …
  Work work;              // of this call, whole batch; for a layer of layers: of what its parts don't report themselves
  Shape output;
};

/// Whoever wants to know of a model's layers. The model calls it around each of them, on one thread, and knows no more
/// of it; a layer may contain layers.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_layer_begin(const LayerInfo& layer) = 0;
  /// Also when the layer ended by an exception. Must not throw.
  virtual void on_layer_end(const LayerInfo& layer) noexcept = 0;
};

/// A layer while it runs; a null observer costs a branch.
class ObservedLayer {
 public:
  ObservedLayer(Observer* observer, const LayerInfo& layer) : observer_(observer), layer_(layer) {
    if (observer_ != nullptr) observer_->on_layer_begin(layer_);
  }
  ~ObservedLayer() {
    if (observer_ != nullptr) observer_->on_layer_end(layer_);
  }
  ObservedLayer(const ObservedLayer&) = delete;
  ObservedLayer& operator=(const ObservedLayer&) = delete;

 private:
  Observer* observer_;
  LayerInfo layer_;
};

}  // namespace optlab::profile
