#include "checkpoint/safetensors_header.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <limits>
#include <set>
#include <utility>

#include "core/error.h"

namespace optlab::checkpoint {
namespace {

[[noreturn]] void refuse(const std::string& message) { throw DataError("safetensors: " + message); }

/// Receives the parser's events. The grammar is so small that the depth of nesting is bounded by the states: an object
/// or array where none belongs is refused when it opens. The names of the functions are the parser's.
class HeaderReader : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, HeaderReader> {
 public:
  bool Null() { return unexpected("null"); }
  bool Bool(bool) { return unexpected("true or false"); }

  /// Numbers arrive as they are written: no file needs the library's conversion to double.
  bool RawNumber(const char* text, std::size_t length, bool) {
    const std::string_view digits(text, length);
    if (digits.front() == '-') return unexpected("a negative number");
    std::uint64_t value = 0;
    for (char c : digits) {
      const std::uint64_t digit = static_cast<unsigned char>(c) - '0';
      constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
      if (digit > 9 || value > kMost / 10 || value * 10 > kMost - digit) {
        return unexpected("a number that is not a whole one below 2^64");
      }
      value = value * 10 + digit;
    }
    return number(value);
  }

  bool String(const char* text, std::size_t length, bool) {
    if (state_ == State::kMetadata) {
      header_.metadata[key_].assign(text, length);
    } else if (state_ == State::kTensor && key_ == "dtype") {
      entry_.dtype.assign(text, length);
    } else {
      return unexpected("a string");
    }
    return true;
  }

  bool StartObject() {
    if (state_ == State::kStart) {
      state_ = State::kTop;
    } else if (state_ == State::kTop) {
      state_ = key_ == "__metadata__" ? State::kMetadata : State::kTensor;
      entry_ = {};
      entry_.name = key_;
      fields_ = 0;
    } else {
      return unexpected("an object");
    }
    return true;
  }

  bool Key(const char* name, std::size_t length, bool) {
    key_.assign(name, length);
    switch (state_) {
      case State::kTop:
        if (!names_.insert(key_).second) refuse("the header has the key " + printable(key_) + " twice");
        break;
      case State::kMetadata:
        if (header_.metadata.contains(key_)) refuse("__metadata__ has the key " + printable(key_) + " twice");
        break;
      default:
        note_field();
    }
    return true;
  }

  bool EndObject(std::size_t) {
    if (state_ == State::kTensor) {
      if (fields_ != kAllFields) refuse("tensor " + printable(entry_.name) + " lacks dtype, shape or data_offsets");
      header_.entries.push_back(std::move(entry_));
    }
    state_ = state_ == State::kTop ? State::kEnd : State::kTop;
    return true;
  }

  bool StartArray() {
    if (state_ == State::kTensor && key_ == "shape") {
      state_ = State::kShape;
    } else if (state_ == State::kTensor && key_ == "data_offsets") {
      state_ = State::kOffsets;
      offsets_ = 0;
    } else {
      return unexpected("an array");
    }
    return true;
  }

  bool EndArray(std::size_t) {
    if (state_ == State::kOffsets && offsets_ != 2) {
      refuse("tensor " + printable(entry_.name) + " has data_offsets that are not two numbers");
    }
    state_ = State::kTensor;
    return true;
  }

  SafetensorsHeader take() { return std::move(header_); }

 private:
  enum class State { kStart, kTop, kMetadata, kTensor, kShape, kOffsets, kEnd };
  static constexpr unsigned kAllFields = 7;

  bool number(std::uint64_t value) {
    if (state_ == State::kShape) {
      entry_.shape.push_back(value);
    } else if (state_ == State::kOffsets && offsets_ < 2) {
      (offsets_ == 0 ? entry_.begin : entry_.end) = value;
      ++offsets_;
    } else {
      return unexpected("a number");
    }
    return true;
  }

  void note_field() {
    const unsigned field = key_ == "dtype" ? 1 : key_ == "shape" ? 2 : key_ == "data_offsets" ? 4 : 0;
    if (field == 0) refuse("tensor " + printable(entry_.name) + " has the unknown field " + printable(key_));
    if ((fields_ & field) != 0)
      refuse("tensor " + printable(entry_.name) + " has the field " + printable(key_) + " twice");
    fields_ |= field;
  }

  /// False is what the parser's interface wants to see; this never returns it.
  [[noreturn]] bool unexpected(const char* what) const {
    switch (state_) {
      case State::kMetadata:
        refuse("__metadata__ has " + std::string(what) + " under " + printable(key_) + "; only strings are allowed");
      case State::kTensor:
      case State::kShape:
      case State::kOffsets:
        refuse("tensor " + printable(entry_.name) + " has " + what + " in " + printable(key_) +
               "; dtype is a string, shape an array of whole numbers >= 0, data_offsets two such numbers");
      default:
        refuse("the header has " + std::string(what) + " where an object of tensors is wanted");
    }
  }

  State state_ = State::kStart;
  std::string key_;
  std::set<std::string> names_;
  HeaderEntry entry_;
  unsigned fields_ = 0;
  int offsets_ = 0;
  SafetensorsHeader header_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json) {
  if (json.empty() || json.front() != '{') refuse("the header must start with '{'");
  constexpr unsigned kFlags = rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseIterativeFlag | rapidjson::kParseStopWhenDoneFlag;
  rapidjson::MemoryStream stream(json.data(), json.size());
  HeaderReader handler;
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, handler);
  // The library takes a zero byte for the end of its input, so what follows the object is looked at here. Only the
  // position is told: the text may be long and binary.
  const std::size_t rest = result ? json.find_first_not_of(" \t\n\r", stream.Tell()) : result.Offset();
  if (rest != std::string_view::npos) {
    refuse(text({"the header is not valid JSON in UTF-8 (at its byte ", rest + 1, ")"}));
  }
  return handler.take();
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string result = "\"";
  for (char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7E) {
      result += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      result += c;
    }
  }
  return result + (text.size() > kLongest ? "…\"" : "\"");
}

}  // namespace optlab::checkpoint
