#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstring>
#include <set>
#include <stdexcept>

#include "checkpoint/safetensors_header.h"
#include "core/error.h"
#include "core/float16.h"

namespace optlab::checkpoint {
namespace {

std::string json_string(const std::string& text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator,
                    rapidjson::kWriteValidateEncodingFlag>
      writer(buffer);
  if (!writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()))) {
    throw std::invalid_argument("safetensors: " + printable(text) + " is not UTF-8");
  }
  return buffer.GetString();
}

std::string metadata_json(const SafetensorsMetadata& metadata) {
  std::string json;
  for (const auto& [key, value] : metadata) {
    json += (json.empty() ? "" : ",") + json_string(key) + ":" + json_string(value);
  }
  return "\"__metadata__\":{" + json + "}";
}

void check(const SafetensorsSource& tensor, std::set<std::string>& names) {
  if (tensor.name.empty() || tensor.name == "__metadata__" || !names.insert(tensor.name).second) {
    throw std::invalid_argument("safetensors: a tensor can't be called " + printable(tensor.name) +
                                "; names are unique, not empty and not \"__metadata__\"");
  }
  std::uint64_t count = 1;
  for (int extent : tensor.shape) {
    // The bound is looked at in every step, so that the product can't overflow.
    if (extent < 0 || (count *= static_cast<std::uint64_t>(extent)) > 0x7FFFFFFFU) {
      throw std::invalid_argument("safetensors: tensor " + printable(tensor.name) +
                                  " has a negative or overflowing shape");
    }
  }
  if (count != tensor.values.size()) {
    throw_invalid({"safetensors: tensor ", printable(tensor.name), " has ", tensor.values.size(),
                   " values, its shape has ", count});
  }
}

std::size_t byte_size(const SafetensorsSource& tensor) {
  return tensor.values.size() * (tensor.half ? sizeof(std::uint16_t) : sizeof(float));
}

std::string entry_json(const SafetensorsSource& tensor, std::uint64_t begin) {
  std::string shape;
  for (int extent : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(extent);
  return json_string(tensor.name) + ":{\"dtype\":\"" + (tensor.half ? "F16" : "F32") + "\",\"shape\":[" + shape +
         "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(begin + byte_size(tensor)) + "]}";
}

void write_values(const SafetensorsSource& tensor, std::byte* to) {
  if (!tensor.half) {
    if (!tensor.values.empty()) std::memcpy(to, tensor.values.data(), tensor.values.size_bytes());
    return;
  }
  for (const float value : tensor.values) {
    const std::uint16_t half = to_half(value);
    std::memcpy(to, &half, sizeof half);
    to += sizeof half;
  }
}

}  // namespace

SafetensorsSource source_of(std::string name, const Tensor& tensor) {
  SafetensorsSource source{std::move(name), {}, tensor.values()};
  for (int axis = 0; axis < tensor.shape().rank(); ++axis) source.shape.push_back(tensor.shape()[axis]);
  return source;
}

std::vector<std::byte> write_safetensors(std::span<const SafetensorsSource> tensors,
                                         const SafetensorsMetadata& metadata) {
  std::set<std::string> names;
  std::uint64_t position = 0;
  std::string header = "{";
  if (!metadata.empty()) header += metadata_json(metadata);
  for (const SafetensorsSource& tensor : tensors) {
    check(tensor, names);
    if (header.size() > 1) header += ',';
    header += entry_json(tensor, position);
    position += byte_size(tensor);
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');

  std::vector<std::byte> file(8 + header.size() + static_cast<std::size_t>(position));
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, sizeof length);
  std::memcpy(file.data() + 8, header.data(), header.size());
  std::byte* to = file.data() + 8 + header.size();
  for (const SafetensorsSource& tensor : tensors) {
    write_values(tensor, to);
    to += byte_size(tensor);
  }
  return file;
}

}  // namespace optlab::checkpoint
