#include "checkpoint/safetensors.h"

#include <cstring>
#include <stdexcept>

#include "core/error.h"
#include "core/test_support.h"

namespace optlab::checkpoint {
namespace {

using Bytes = std::vector<std::byte>;

/// A file with this header and `data` bytes after it.
Bytes make_file(std::string_view header, std::size_t data, std::uint64_t length) {
  Bytes bytes(8 + header.size() + data);
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}
Bytes make_file(std::string_view header, std::size_t data = 0) { return make_file(header, data, header.size()); }

/// The header of one tensor "a" with this dtype, shape and data_offsets.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}
std::string two(const std::string& first, const std::string& second) {
  return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
         R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
}

void expect_refused(const Bytes& file, const char* why) { EXPECT_MESSAGE(DataError, Safetensors::parse(file), why); }

TEST(Safetensors, RoundTrip) {
  const std::vector<float> weight = {1.5F, -2.0F, 3e-40F, 0.0F, 5.0F, 6.0F}, bias = {7.0F};
  const SafetensorsMetadata metadata = {{"note", "two\nlines, \"quotes\" and ünï"}, {"empty", ""}};
  const std::vector<SafetensorsSource> tensors = {{"w", {2, 3}, weight}, {"none", {0, 5}, {}}, {"scalar", {}, bias}};
  const Bytes file = write_safetensors(tensors, metadata);
  EXPECT_EQ(file, write_safetensors(tensors, metadata));
  const Safetensors read = Safetensors::parse(file);
  EXPECT_EQ(read.metadata(), metadata);
  ASSERT_EQ(read.tensors().size(), 3U);
  const SafetensorsEntry& w = read.require_f32("w", 2);
  EXPECT_EQ(w.shape, (std::vector<std::uint64_t>{2, 3}));
  std::vector<float> values(6);
  copy_f32(w, values);
  EXPECT_EQ(values, weight);
  EXPECT_EQ(read.find("scalar")->shape.size(), 0U);
  EXPECT_EQ(read.find("none")->bytes.size(), 0U);
  EXPECT_EQ(read.find("other"), nullptr);
}

TEST(Safetensors, ValuesAreUsedInPlaceWhereAlignmentAllows) {
  const std::vector<float> values = {1.0F, 2.0F};
  const std::vector<SafetensorsSource> tensors = {{"w", {2}, values}};
  const Bytes file = write_safetensors(tensors);
  // Both placements come from one allocation aligned for 8 at least.
  Bytes room(file.size() + 1);
  for (std::size_t shift : {0U, 1U}) {
    std::memcpy(room.data() + shift, file.data(), file.size());
    const Safetensors read = Safetensors::parse(std::span(room).subspan(shift, file.size()));
    const auto view = f32_view(*read.find("w"));
    EXPECT_EQ(view.has_value(), shift == 0);
    if (view) {
      EXPECT_EQ((*view)[1], 2.0F);
    }
    std::vector<float> copied(2);
    copy_f32(*read.find("w"), copied);
    EXPECT_EQ(copied, values);
  }
}

TEST(Safetensors, ReadsWhatOthersWrite) {
  // Padding, any key order, white space, escapes, every plain dtype, tensors out of order in the JSON.
  const std::string header =
      R"({ "b\u00e4" : {"shape":[1,2], "data_offsets":[4,8],"dtype":"BF16"},"a":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}    )";
  const Bytes file = make_file(header, 8);
  const Safetensors read = Safetensors::parse(file);
  ASSERT_EQ(read.tensors().size(), 2U);
  EXPECT_EQ(read.tensors()[0].name, "a");
  EXPECT_EQ(read.tensors()[1].name, "b\u00e4");
  EXPECT_EQ(read.tensors()[1].bytes.size(), 4U);
  EXPECT_TRUE(Safetensors::parse(make_file("{}")).tensors().empty());
}

TEST(Safetensors, RefusesAFileCutAtEveryLength) {
  const std::vector<float> values = {1.0F, 2.0F};
  const std::vector<SafetensorsSource> tensors = {{"w", {2}, values}};
  const Bytes file = write_safetensors(tensors, {{"k", "v"}});
  for (std::size_t length = 0; length < file.size(); ++length) {
    EXPECT_THROW(Safetensors::parse(std::span(file).first(length)), DataError) << length;
  }
  Bytes longer = file;
  longer.push_back(std::byte{0});
  expect_refused(longer, "the tensors cover 8 of the 9 bytes");
}

TEST(Safetensors, RefusesHeaderLengths) {
  expect_refused(make_file("{}", 0, 3), "the header length is 3, but only 2 bytes follow it");
  expect_refused(make_file("{}", 0, 100'000'001), "at most 100000000 is allowed");
  expect_refused(make_file("{}", 0, ~std::uint64_t{0}), "the header length is 18446744073709551615");
  expect_refused(make_file("{}", 0, std::uint64_t{1} << 32), "the header length is 4294967296");
  expect_refused(make_file("", 0, 0), "must start with '{'");
}

TEST(Safetensors, RefusesBadJson) {
  expect_refused(make_file(" {}"), "must start with '{'");
  expect_refused(make_file("[]"), "must start with '{'");
  expect_refused(make_file("\xEF\xBB\xBF{}"), "must start with '{'");
  expect_refused(make_file("{"), "not valid JSON");
  expect_refused(make_file("{}}"), "not valid JSON");
  expect_refused(make_file("{} {}"), "not valid JSON");
  expect_refused(make_file(R"({"a":})"), "not valid JSON");
  expect_refused(make_file(R"({"a":1e999})"), "not valid JSON");
  expect_refused(make_file("{\"\xFF\":{}}"), "not valid JSON");
  expect_refused(make_file("{\"\xC0\x80\":{}}"), "not valid JSON");
  expect_refused(make_file("{}\xFF"), "not valid JSON");
  expect_refused(make_file(std::string_view("{}\0", 3)), "not valid JSON");
  expect_refused(make_file(std::string_view("{}\0garbage", 10)), "not valid JSON");
  expect_refused(make_file("{\"line\nbreak\":{}}"), "not valid JSON");
}

TEST(Safetensors, RefusesNestingHoweverDeep) {
  std::string arrays = R"({"a":)" + std::string(1'000'000, '[');
  expect_refused(make_file(arrays), "an array");
  std::string objects = "{";
  for (int i = 0; i < 100'000; ++i) objects += R"("a":{)";
  expect_refused(make_file(objects), "unknown field");
  expect_refused(make_file(one("U8", "[[1]]", "[0,1]"), 1), "has an array in \"shape\"");
}

TEST(Safetensors, RefusesWrongTypes) {
  expect_refused(make_file(R"({"a":1})"), "has a number where an object of tensors is wanted");
  expect_refused(make_file(R"({"a":null})"), "has null where");
  expect_refused(make_file(R"({"a":"x"})"), "has a string where");
  expect_refused(make_file(R"({"__metadata__":{"k":1}})"), "__metadata__ has a number under \"k\"");
  expect_refused(make_file(R"({"__metadata__":{"k":{}}})"), "__metadata__ has an object under \"k\"");
  expect_refused(make_file(R"({"__metadata__":[]})"), "an array");
  expect_refused(make_file(R"({"a":{"dtype":1}})"), "a number in \"dtype\"");
  expect_refused(make_file(R"({"a":{"shape":"1"}})"), "a string in \"shape\"");
  expect_refused(make_file(R"({"a":{"shape":[true]}})"), "true or false in \"shape\"");
  expect_refused(make_file(R"({"a":{}})"), "lacks dtype, shape or data_offsets");
  expect_refused(make_file(R"({"a":{"dtype":"U8","shape":[0]}})"), "lacks dtype, shape or data_offsets");
  expect_refused(make_file(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}})"), "unknown field \"x\"");
  expect_refused(make_file(one("F31", "[1]", "[0,4]"), 4), "unknown dtype \"F31\"");
  expect_refused(make_file(one("f32", "[1]", "[0,4]"), 4), "unknown dtype");
}

TEST(Safetensors, RefusesDuplicateKeys) {
  const std::string tensor = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  expect_refused(make_file(R"({"a":)" + tensor + R"(,"a":)" + tensor + "}"), "the key \"a\" twice");
  expect_refused(make_file(R"({"a":)" + tensor + R"(,"\u0061":)" + tensor + "}"), "the key \"a\" twice");
  expect_refused(make_file(R"({"__metadata__":{},"__metadata__":{}})"), "twice");
  expect_refused(make_file(R"({"__metadata__":{"k":"1","k":"2"}})"), "__metadata__ has the key \"k\" twice");
  expect_refused(make_file(R"({"a":{"dtype":"U8","dtype":"U8"}})"), "the field \"dtype\" twice");
}

TEST(Safetensors, RefusesShapes) {
  expect_refused(make_file(one("U8", "[-1]", "[0,1]"), 1), "a negative number in \"shape\"");
  expect_refused(make_file(one("U8", "[1.0]", "[0,1]"), 1), "not a whole one");
  expect_refused(make_file(one("U8", "[18446744073709551616]", "[0,1]"), 1), "not a whole one");
  expect_refused(make_file(one("F32", "[4294967296,4294967296]", "[0,0]")), "overflows 64 bits");
  // 2^62 elements of 4 bytes are 2^64 bytes: 0 if the product wrapped.
  expect_refused(make_file(one("F32", "[4611686018427387904]", "[0,0]")), "overflows 64 bits");
  expect_refused(make_file(one("F32", "[2]", "[0,4]"), 4),
                 "has 4 bytes in data_offsets, but its dtype and shape need 8");
  expect_refused(make_file(one("F64", "[1]", "[0,4]"), 4), "need 8");
}

TEST(Safetensors, RefusesOffsets) {
  expect_refused(make_file(two("[0,4]", "[2,6]"), 8), "overlaps the tensor before it; it must begin at 4");
  expect_refused(make_file(two("[0,4]", "[0,4]"), 4), "overlaps");
  expect_refused(make_file(two("[0,4]", "[5,9]"), 9), "leaves a hole; it must begin at 4");
  expect_refused(make_file(two("[1,5]", "[5,9]"), 9), "leaves a hole; it must begin at 0");
  expect_refused(make_file(two("[0,4]", "[4,8]"), 7), "beyond the 7 bytes");
  expect_refused(make_file(two("[0,4]", "[4,8]"), 9), "cover 8 of the 9 bytes");
  expect_refused(make_file(one("U8", "[4]", "[4,0]"), 4), "end before they begin");
  expect_refused(make_file(one("U8", "[4]", "[0,18446744073709551615]"), 4), "beyond");
  expect_refused(make_file(one("U8", "[4]", "[0]"), 4), "not two numbers");
  expect_refused(make_file(one("U8", "[4]", "[0,4,4]"), 4), "a number in \"data_offsets\"");
  expect_refused(make_file(one("U8", "[4]", "[0,-4]"), 4), "a negative number");
}

TEST(Safetensors, MessagesAreOnePrintableLineHoweverTheNamesLook) {
  expect_refused(make_file(R"({"a\n\u0007\u001b[31m":1})"), "where an object of tensors is wanted");
  const std::string name(5000, 'n');
  const std::string message =
      message_of<DataError>([&] { Safetensors::parse(make_file("{\"" + name + "\":{\"dtype\":null}}")); });
  EXPECT_LT(message.size(), 300U);
}

TEST(Safetensors, ReadingRefusesOtherDtypesAndSizes) {
  const Bytes file = make_file(one("U8", "[4]", "[0,4]"), 4);
  const Safetensors read = Safetensors::parse(file);
  std::vector<float> value(1);
  EXPECT_THROW(copy_f32(*read.find("a"), value), std::invalid_argument);
  EXPECT_THROW(f32_view(*read.find("a")), std::invalid_argument);
  EXPECT_MESSAGE(DataError, read.require_f32("a", 1), "has dtype \"U8\"; F32 is wanted");
  EXPECT_MESSAGE(DataError, read.require_f32("b", 1), "there is no tensor \"b\"");
  const Bytes floats = make_file(one("F32", "[1]", "[0,4]"), 4);
  std::vector<float> values(2);
  EXPECT_THROW(copy_f32(*Safetensors::parse(floats).find("a"), values), std::invalid_argument);
}

TEST(Safetensors, WritingRefusesBadNamesAndShapes) {
  const std::vector<float> v(4);
  const auto write = [&](std::vector<SafetensorsSource> tensors) { return write_safetensors(tensors); };
  EXPECT_THROW(write({{"", {4}, v}}), std::invalid_argument);
  EXPECT_THROW(write({{"__metadata__", {4}, v}}), std::invalid_argument);
  EXPECT_THROW(write({{"a", {4}, v}, {"a", {4}, v}}), std::invalid_argument);
  EXPECT_THROW(write({{"a", {5}, v}}), std::invalid_argument);
  EXPECT_THROW(write({{"a", {-2, -2}, v}}), std::invalid_argument);
  EXPECT_THROW(write({{"a", {1 << 30, 1 << 30, 16}, v}}), std::invalid_argument);
  EXPECT_MESSAGE(std::invalid_argument, write({{"\xFF", {4}, v}}), "\"\\xff\" is not UTF-8");
}

}  // namespace
}  // namespace optlab::checkpoint
