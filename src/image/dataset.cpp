#include "image/dataset.h"

#include <limits>
#include <stdexcept>
#include <string>

#include "core/error.h"

namespace optlab::image {
namespace {

constexpr std::uint32_t kImagesMagic = 0x0803;  // unsigned bytes, 3 dimensions
constexpr std::uint32_t kLabelsMagic = 0x0801;

/// Reads the header's words and says what is wrong with them.
class HeaderReader {
 public:
  HeaderReader(std::span<const std::uint8_t> file, std::string_view name) : file_(file), name_(name) {}

  [[noreturn]] void refuse(const std::string& what) const { throw DataError(text({name_, ": ", what})); }

  void check_header(std::size_t bytes, std::uint32_t magic) {
    if (file_.size() < bytes) {
      refuse(text({"has ", file_.size(), " bytes; an IDX header takes ", bytes}));
    }
    const std::uint32_t found = word();
    if (found != magic) {
      refuse(text({"magic number is ", found, "; want ", magic, " (unsigned bytes, ", magic & 0xFF, " dimensions)"}));
    }
  }

  /// A dimension, at least `least`, and at most or exactly what the caller insists on.
  int dimension(const char* field, std::uint32_t least, std::optional<int> exactly, std::optional<int> most = {}) {
    const std::uint32_t value = word();
    const auto largest = static_cast<std::uint32_t>(most.value_or(std::numeric_limits<int>::max()));
    if (value < least || value > largest) {
      refuse(text({field, " is ", value, "; ", least, " to ", largest, " is allowed"}));
    }
    if (exactly && value != static_cast<std::uint32_t>(*exactly)) {
      refuse(text({field, " is ", value, "; want ", *exactly}));
    }
    return static_cast<int>(value);
  }

  std::span<const std::uint8_t> rest(std::initializer_list<int> dimensions) const {
    std::uint64_t want = 1;
    for (int extent : dimensions) {
      want *= static_cast<std::uint64_t>(extent);
      if (want > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
        refuse("dimensions exceed 2147483647 bytes");
    }
    const auto data = file_.subspan(position_);
    if (data.size() != want) {
      refuse(text({"has ", data.size(), " bytes of data; its dimensions need exactly ", want}));
    }
    return data;
  }

 private:
  std::uint32_t word() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | file_[position_++];
    return value;
  }

  std::span<const std::uint8_t> file_;
  std::string name_;
  std::size_t position_ = 0;
};

}  // namespace

IdxImages parse_idx_images(std::span<const std::uint8_t> file, std::string_view name, const IdxLimits& limits) {
  HeaderReader reader(file, name);
  reader.check_header(16, kImagesMagic);
  IdxImages images;
  images.count = reader.dimension("count", 0, {}, limits.most_items);
  images.rows = reader.dimension("rows", 1, limits.rows);
  images.columns = reader.dimension("columns", 1, limits.columns);
  // Rows and columns come first: a count of 0 must not hide that their product overflows.
  images.pixels = reader.rest({images.rows, images.columns, images.count});
  return images;
}

std::span<const std::uint8_t> parse_idx_labels(std::span<const std::uint8_t> file, std::string_view name,
                                               const IdxLimits& limits) {
  HeaderReader reader(file, name);
  reader.check_header(8, kLabelsMagic);
  const int count = reader.dimension("count", 0, {}, limits.most_items);
  const auto labels = reader.rest({count});
  if (limits.classes) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] < *limits.classes) continue;
      reader.refuse(text({"label ", i, " is ", labels[i], "; 0 to ", *limits.classes - 1, " is allowed"}));
    }
  }
  return labels;
}

Dataset make_dataset(const IdxImages& images, std::span<const std::uint8_t> labels, std::string_view name) {
  if (labels.size() != static_cast<std::size_t>(images.count)) {
    throw DataError(text({name, ": ", images.count, " images but ", labels.size(), " labels"}));
  }
  return {images.rows * images.columns, {images.pixels.begin(), images.pixels.end()}, {labels.begin(), labels.end()}};
}

void scale_pixels(std::span<const std::uint8_t> pixels, std::span<float> to) {
  if (pixels.size() != to.size()) {
    throw_invalid({"scale_pixels: ", pixels.size(), " pixels to ", to.size(), " values"});
  }
  for (std::size_t i = 0; i < pixels.size(); ++i) to[i] = static_cast<float>(pixels[i]) / 255.0F;
}

}  // namespace optlab::image
