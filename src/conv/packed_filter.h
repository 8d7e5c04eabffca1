#pragma once

#include "conv/conv.h"
#include "core/buffer.h"

namespace optlab::conv {

/// Weights [KH,KW,C/groups,OC] copied once into the order in which a variant's register tile reads them. Variants with
/// one FilterLayout share a packed filter (`implicit` and `implicit_threads`), and so do images of any size.
class PackedFilter {
 public:
  PackedFilter() = default;
  /// Throws: std::invalid_argument for a bad geometry (see check), a wrong number of weights or a variant that doesn't
  ///         apply to the geometry; std::bad_alloc.
  PackedFilter(const Variant& variant, const Geometry& geometry, std::span<const float> weights);

  /// Whether `variant` can use it for `geometry`.
  bool fits(const Variant& variant, const Geometry& geometry) const;
  /// What it holds, in bytes: the weights and the zeros that fill the last vectors; Winograd's 16 values for 9.
  std::size_t bytes() const { return data_.size() * sizeof(float); }
  const float* data() const { return data_.data(); }
  /// "[3,3,64,128] in 1 group", for messages.
  std::string to_string() const;

 private:
  Geometry geometry_;
  FilterLayout layout_{};
  AlignedBuffer<float> data_;
};

}  // namespace optlab::conv
