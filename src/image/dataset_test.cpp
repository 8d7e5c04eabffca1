#include "image/dataset.h"

#include "core/error.h"
#include "nn/test_support.h"

namespace optlab::image {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes file(std::initializer_list<std::uint32_t> words, std::size_t payload, std::uint8_t first = 0) {
  Bytes bytes;
  for (std::uint32_t word : words) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
  }
  for (std::size_t i = 0; i < payload; ++i) bytes.push_back(static_cast<std::uint8_t>(first + i));
  return bytes;
}

TEST(Dataset, ReadsImagesAndLabels) {
  const Bytes images_file = file({0x803, 2, 2, 3}, 12, 100);
  const Bytes labels_file = file({0x801, 2}, 2, 8);
  const IdxImages images = parse_idx_images(images_file, "images");
  EXPECT_EQ(images.count, 2);
  EXPECT_EQ(images.rows, 2);
  EXPECT_EQ(images.columns, 3);
  EXPECT_EQ(images.pixels.data(), images_file.data() + 16);
  const Dataset data = make_dataset(images, parse_idx_labels(labels_file, "labels", {.classes = 10}), "set");
  EXPECT_EQ(data.size(), 2);
  EXPECT_EQ(data.image_size, 6);
  EXPECT_EQ(data.image(1)[0], 106);
  EXPECT_EQ(data.labels, (Bytes{8, 9}));
}

TEST(Dataset, ReadsAnEmptySet) {
  const Bytes bytes = file({0x803, 0, 28, 28}, 0);
  EXPECT_EQ(parse_idx_images(bytes, "images").pixels.size(), 0U);
}

TEST(Dataset, RefusesTheImagesFileCutAtEveryLength) {
  const Bytes whole = file({0x803, 2, 2, 2}, 8);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(parse_idx_images(std::span(whole).first(length), "images"), DataError) << length;
  }
  EXPECT_NO_THROW(parse_idx_images(whole, "images"));
}

TEST(Dataset, SaysWhichFieldIsWrong) {
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x801, 2, 2, 2}, 8), "a.gz"),
                 "a.gz: magic number is 2049; want 2051");
  EXPECT_MESSAGE(DataError, parse_idx_labels(file({0x803, 2}, 2), "b"), "b: magic number is 2051; want 2049");
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x803, 2}, 2), "a"), "has 10 bytes; an IDX header takes 16");
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x803, 2, 2, 2}, 9), "a"), "has 9 bytes of data");
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x803, 2, 2, 2}, 7), "a"), "need exactly 8");
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x803, 1, 0, 2}, 0), "a"), "rows is 0");
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x803, 1, 1, 0x80000000U}, 0), "a"), "columns is 2147483648");
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x803, 1, 2, 3}, 6), "a", {.columns = 28}), "columns is 3; want 28");
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x803, 3, 1, 1}, 3), "a", {.most_items = 2}), "count is 3; 0 to 2");
  EXPECT_MESSAGE(DataError, parse_idx_labels(file({0x801, 3}, 3, 8), "b", {.classes = 10}), "label 2 is 10; 0 to 9");
}

TEST(Dataset, RefusesDimensionsWhoseProductOverflows) {
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x803, 65536, 65536, 65536}, 0), "a"), "exceed 2147483647");
  // 2^31 · 2^31 · 4 is 0 modulo 2^64, and a count of 0 must not hide the rest.
  EXPECT_MESSAGE(DataError, parse_idx_images(file({0x803, 0, 0x7FFFFFFF, 0x7FFFFFFF}, 0), "a"), "exceed 2147483647");
}

TEST(Dataset, RefusesAsManyLabelsAsThereAreNotImages) {
  const Bytes images = file({0x803, 2, 1, 1}, 2);
  const Bytes labels = file({0x801, 3}, 3);
  EXPECT_MESSAGE(DataError, make_dataset(parse_idx_images(images, "i"), parse_idx_labels(labels, "l"), "set"),
                 "set: 2 images but 3 labels");
}

TEST(Dataset, ScalesPixelsToTheUnitInterval) {
  const Bytes pixels = {0, 51, 255};
  std::vector<float> values(3);
  scale_pixels(pixels, values);
  EXPECT_EQ(values, (std::vector<float>{0.0F, 0.2F, 1.0F}));
  EXPECT_THROW(scale_pixels(pixels, std::span(values).first(2)), std::invalid_argument);
}

}  // namespace
}  // namespace optlab::image
