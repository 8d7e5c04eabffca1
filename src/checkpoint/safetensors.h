#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace optlab::checkpoint {

/// A tensor inside a safetensors file. `bytes` points into the file's memory: row-major, little-endian, without gaps.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;  // "F32", "I8", …
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;
};

using SafetensorsMetadata = std::map<std::string, std::string>;

/// The directory of a safetensors file: tensors by name, without copying their values.
///
/// Format:   8 bytes little-endian header length n; n bytes of JSON, an object that starts with '{' and maps each
///           tensor's name to {"dtype", "shape", "data_offsets": [begin, end]} and "__metadata__" to an object of
///           strings; then the tensors' bytes.
/// Throws:   DataError that says which rule the file breaks. Refused: a header over 100 MB or beyond the file's end,
///           JSON that is not UTF-8, duplicate or unknown keys, a missing field, an unknown dtype, sizes that are
///           negative or overflow, a tensor whose bytes are not dtype × shape, overlaps, holes, and a buffer that the
///           tensors don't cover exactly. Memory used is bounded by the header's size; nothing recurses, so nesting
///           can't exhaust the stack.
/// Source:   Hugging Face, "safetensors", format description and reference implementation 0.4, 2023.
class Safetensors {
 public:
  static constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

  /// `file` must outlive the result.
  static Safetensors parse(std::span<const std::byte> file);

  /// In the order of their bytes.
  std::span<const SafetensorsEntry> tensors() const { return tensors_; }
  const SafetensorsMetadata& metadata() const { return metadata_; }
  /// Null if there is none of that name.
  const SafetensorsEntry* find(std::string_view name) const;
  /// Throws DataError unless there is a tensor `name` of dtype F32 and rank `rank` whose extents are 1 to 2^31-1.
  const SafetensorsEntry& require_f32(std::string_view name, std::size_t rank) const;
  /// The same, F16 being allowed too.
  const SafetensorsEntry& require_float(std::string_view name, std::size_t rank) const;

 private:
  std::vector<SafetensorsEntry> tensors_;
  SafetensorsMetadata metadata_;
};

/// The values in place, or nothing if the file's memory is not aligned for float (the format does not promise that).
/// Throws std::invalid_argument if the dtype isn't F32.
std::optional<std::span<const float>> f32_view(const SafetensorsEntry& entry);
/// Copies the values; works at any alignment. Throws std::invalid_argument if the dtype isn't F32 or `to` has another
/// size.
void copy_f32(const SafetensorsEntry& entry, std::span<float> to);

/// The same of F32 or F16 (exactly).
void copy_float(const SafetensorsEntry& entry, std::span<float> to);

/// Throws DataError unless there is an F32 tensor `name` of this shape.
const SafetensorsEntry& require_f32(const Safetensors& file, std::string_view name, const Shape& shape);

/// A tensor to write.
struct SafetensorsSource {
  std::string name;
  std::vector<int> shape;
  std::span<const float> values;
  bool half = false;  // as F16, rounded to nearest, ties to even
};

/// All of a tensor, whose values must stay where they are until it is written.
SafetensorsSource source_of(std::string name, const Tensor& tensor);

/// The bytes of a safetensors file with the tensors in the given order; the header is padded with spaces so that
/// the values begin at a multiple of 8. The same input gives the same bytes.
/// Throws: std::invalid_argument for a name that is empty, repeated, "__metadata__" or not UTF-8, and a shape that
///         doesn't match its values.
std::vector<std::byte> write_safetensors(std::span<const SafetensorsSource> tensors,
                                         const SafetensorsMetadata& metadata = {});

}  // namespace optlab::checkpoint
