#include "checkpoint/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "checkpoint/safetensors_header.h"
#include "core/error.h"
#include "core/float16.h"

namespace optlab::checkpoint {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian and values are used in place");

struct Dtype {
  std::string_view name;
  unsigned bytes;
};
constexpr Dtype kDtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
                             {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
                             {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};

[[noreturn]] void refuse(const std::string& message) { throw DataError("safetensors: " + message); }

unsigned dtype_bytes(const HeaderEntry& entry) {
  for (const Dtype& dtype : kDtypes) {
    if (dtype.name == entry.dtype) return dtype.bytes;
  }
  refuse("tensor " + printable(entry.name) + " has the unknown dtype " + printable(entry.dtype));
}

/// dtype × shape in bytes.
std::uint64_t declared_bytes(const HeaderEntry& entry) {
  std::uint64_t bytes = dtype_bytes(entry);
  for (std::uint64_t extent : entry.shape) {
    if (extent != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / extent) {
      refuse("tensor " + printable(entry.name) + " has a shape whose size overflows 64 bits");
    }
    bytes *= extent;
  }
  return bytes;
}

std::string range_text(const HeaderEntry& entry) {
  return "[" + std::to_string(entry.begin) + "," + std::to_string(entry.end) + "]";
}

/// Each tensor must begin where the one before it ended, and the last must end with the buffer.
void check_layout(const std::vector<HeaderEntry>& entries, std::uint64_t buffer_bytes) {
  std::uint64_t position = 0;
  for (const HeaderEntry& entry : entries) {
    if (entry.end < entry.begin) {
      refuse("tensor " + printable(entry.name) + " has data_offsets " + range_text(entry) +
             " that end before they begin");
    }
    if (entry.begin != position) {
      refuse(text({"tensor ", printable(entry.name), " has data_offsets ", range_text(entry), ", which ",
                   (entry.begin < position ? "overlaps the tensor before it" : "leaves a hole"), "; it must begin at ",
                   position}));
    }
    if (entry.end > buffer_bytes) {
      refuse(text({"tensor ", printable(entry.name), " has data_offsets ", range_text(entry), " beyond the ",
                   buffer_bytes, " bytes of data in the file"}));
    }
    const std::uint64_t want = declared_bytes(entry);
    if (entry.end - entry.begin != want) {
      refuse(text({"tensor ", printable(entry.name), " has ", entry.end - entry.begin,
                   " bytes in data_offsets, but its dtype and shape need ", want}));
    }
    position = entry.end;
  }
  if (position != buffer_bytes) {
    refuse(text({"the tensors cover ", position, " of the ", buffer_bytes, " bytes of data in the file"}));
  }
}

std::uint64_t read_header_length(std::span<const std::byte> file) {
  if (file.size() < 8) {
    refuse(text({"the file has ", file.size(), " bytes; the header's length alone takes 8"}));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  if (length > Safetensors::kMaxHeaderBytes) {
    refuse(text({"the header length is ", length, "; at most ", Safetensors::kMaxHeaderBytes, " is allowed"}));
  }
  if (length > file.size() - 8) {
    refuse(text({"the header length is ", length, ", but only ", file.size() - 8, " bytes follow it"}));
  }
  return length;
}

void check_is_f32(const SafetensorsEntry& entry) {
  if (entry.dtype != "F32") {
    throw std::invalid_argument("tensor " + printable(entry.name) + " has dtype " + printable(entry.dtype) +
                                ", not F32");
  }
}

}  // namespace

Safetensors Safetensors::parse(std::span<const std::byte> file) {
  const auto header_bytes = static_cast<std::size_t>(read_header_length(file));
  const auto text = file.subspan(8, header_bytes);
  const auto buffer = file.subspan(8 + header_bytes);
  SafetensorsHeader header = parse_safetensors_header({reinterpret_cast<const char*>(text.data()), text.size()});
  // Empty tensors share a position; the name decides, so that the order never depends on the JSON's.
  std::sort(header.entries.begin(), header.entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_layout(header.entries, buffer.size());

  Safetensors result;
  result.metadata_ = std::move(header.metadata);
  result.tensors_.reserve(header.entries.size());
  for (HeaderEntry& entry : header.entries) {
    const auto bytes =
        buffer.subspan(static_cast<std::size_t>(entry.begin), static_cast<std::size_t>(entry.end - entry.begin));
    result.tensors_.push_back({std::move(entry.name), std::move(entry.dtype), std::move(entry.shape), bytes});
  }
  return result;
}

const SafetensorsEntry* Safetensors::find(std::string_view name) const {
  const auto found =
      std::find_if(tensors_.begin(), tensors_.end(), [&](const auto& entry) { return entry.name == name; });
  return found == tensors_.end() ? nullptr : &*found;
}

const SafetensorsEntry& Safetensors::require_f32(std::string_view name, std::size_t rank) const {
  const SafetensorsEntry* entry = find(name);
  if (entry != nullptr && entry->dtype != "F32") {
    refuse("tensor " + printable(name) + " has dtype " + printable(entry->dtype) + "; F32 is wanted");
  }
  return require_float(name, rank);
}

const SafetensorsEntry& Safetensors::require_float(std::string_view name, std::size_t rank) const {
  const SafetensorsEntry* entry = find(name);
  if (entry == nullptr) refuse("there is no tensor " + printable(name));
  if (entry->dtype != "F32" && entry->dtype != "F16") {
    refuse("tensor " + printable(name) + " has dtype " + printable(entry->dtype) + "; F32 or F16 is wanted");
  }
  if (entry->shape.size() != rank) {
    refuse(text({"tensor ", printable(name), " has rank ", entry->shape.size(), "; rank ", rank, " is wanted"}));
  }
  for (std::uint64_t extent : entry->shape) {
    if (extent < 1 || extent > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
      refuse(text({"tensor ", printable(name), " has an extent of ", extent, "; 1 to 2147483647 is wanted"}));
    }
  }
  return *entry;
}

std::optional<std::span<const float>> f32_view(const SafetensorsEntry& entry) {
  check_is_f32(entry);
  if (reinterpret_cast<std::uintptr_t>(entry.bytes.data()) % alignof(float) != 0) return std::nullopt;
  return std::span(reinterpret_cast<const float*>(entry.bytes.data()), entry.bytes.size() / sizeof(float));
}

void copy_f32(const SafetensorsEntry& entry, std::span<float> to) {
  check_is_f32(entry);
  if (entry.bytes.size() != to.size_bytes()) {
    throw_invalid({"tensor ", printable(entry.name), " has ", entry.bytes.size() / sizeof(float),
                   " values, the destination ", to.size()});
  }
  if (!to.empty()) std::memcpy(to.data(), entry.bytes.data(), to.size_bytes());
}

void copy_float(const SafetensorsEntry& entry, std::span<float> to) {
  if (entry.dtype != "F16") return copy_f32(entry, to);
  if (entry.bytes.size() != to.size() * sizeof(std::uint16_t)) {
    throw_invalid({"tensor ", printable(entry.name), " has ", entry.bytes.size() / sizeof(std::uint16_t),
                   " values, the destination ", to.size()});
  }
  for (std::size_t i = 0; i < to.size(); ++i) {  // at any alignment
    std::uint16_t half = 0;
    std::memcpy(&half, entry.bytes.data() + i * sizeof half, sizeof half);
    to[i] = from_half(half);
  }
}

const SafetensorsEntry& require_f32(const Safetensors& file, std::string_view name, const Shape& shape) {
  const SafetensorsEntry& entry = file.require_f32(name, static_cast<std::size_t>(shape.rank()));
  std::string text;
  bool same = true;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    text += (axis == 0 ? "" : ",") + std::to_string(entry.shape[axis]);
    same = same && entry.shape[axis] == static_cast<std::uint64_t>(shape[axis]);
  }
  if (same) return entry;
  throw DataError("safetensors: tensor " + printable(name) + " is [" + text + "], want " + shape.to_string());
}

}  // namespace optlab::checkpoint
