#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"

/// The JSON half of the format, apart from the layout rules, so that only one file includes the JSON library.
namespace optlab::checkpoint {

/// One tensor as its header declares it; nothing about it is checked yet but its JSON types.
struct HeaderEntry {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;  // in the order of the JSON
  SafetensorsMetadata metadata;
};

/// Throws DataError.
SafetensorsHeader parse_safetensors_header(std::string_view json);

/// `text` in double quotes for an error message: one line, printable ASCII, cut at 64 characters.
std::string printable(std::string_view text);

}  // namespace optlab::checkpoint
