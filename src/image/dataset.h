#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace optlab::image {

/// Grey images inside an IDX file's memory: pixel (i, r, c) is pixels[(i*rows + r)*columns + c].
struct IdxImages {
  int count = 0;
  int rows = 0;
  int columns = 0;
  std::span<const std::uint8_t> pixels;
};

/// What a caller insists on; nothing means anything goes.
struct IdxLimits {
  std::optional<int> rows = std::nullopt;
  std::optional<int> columns = std::nullopt;
  std::optional<int> classes = std::nullopt;     // labels are 0 … classes-1
  std::optional<int> most_items = std::nullopt;  // refuse larger files
};

/// IDX files of unsigned bytes, uncompressed: a big-endian header (magic number 2051 and count, rows, columns for
/// images; 2049 and count for labels), then one byte per pixel or label, and nothing after them. The results point into
/// `file`.
///
/// Throws:   DataError that begins with `name` (the file's) and says which field is wrong, what was found and what is
///           allowed.
/// Source:   LeCun, Cortes and Burges, "The MNIST database of handwritten digits", 1998.
IdxImages parse_idx_images(std::span<const std::uint8_t> file, std::string_view name, const IdxLimits& limits = {});
std::span<const std::uint8_t> parse_idx_labels(std::span<const std::uint8_t> file, std::string_view name,
                                               const IdxLimits& limits = {});

/// Images with their classes.
struct Dataset {
  int image_size = 0;  // pixels of an image
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;

  int size() const { return static_cast<int>(labels.size()); }
  std::span<const std::uint8_t> image(int index) const {
    return std::span(pixels).subspan(static_cast<std::size_t>(index) * image_size, image_size);
  }
};

/// Copies images and labels together. Throws DataError if there are not as many labels as images.
Dataset make_dataset(const IdxImages& images, std::span<const std::uint8_t> labels, std::string_view name);

/// to[i] = pixels[i] / 255, correctly rounded, in [0, 1]. Throws std::invalid_argument if the sizes differ.
void scale_pixels(std::span<const std::uint8_t> pixels, std::span<float> to);

}  // namespace optlab::image
