#include "lm/tokenizer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "core/digest.h"
#include "core/error.h"

namespace optlab::lm {
namespace {

constexpr std::string_view kMagic = "optlab-bpe 1\n";

[[noreturn]] void refuse(const std::string& why) { throw DataError("tokenizer: " + why); }

enum class Kind { kLetter, kDigit, kSpace, kOther };

Kind kind_of(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Kind::kLetter;
  if (c >= '0' && c <= '9') return Kind::kDigit;
  if (c == ' ' || (c >= '\t' && c <= '\r')) return Kind::kSpace;
  return Kind::kOther;
}

bool is_apostrophe_of_word(std::string_view text, std::size_t at) {
  return text[at] == '\'' && at + 1 < text.size() && kind_of(text[at + 1]) == Kind::kLetter;
}

/// How many bytes the UTF-8 character has that begins with this byte; 0 if none does.
std::size_t character_bytes(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

/// Whether `next` may follow `first` as its second byte: no overlong forms, surrogates, or numbers over 0x10FFFF.
bool may_follow(unsigned char first, unsigned char next) {
  const unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  return next >= least && next <= most;
}

}  // namespace

std::size_t next_piece(std::string_view text) {
  if (is_apostrophe_of_word(text, 0)) {
    std::size_t end = 1;
    while (end < text.size() && kind_of(text[end]) == Kind::kLetter) ++end;
    return end;
  }
  if (kind_of(text[0]) == Kind::kSpace) {
    std::size_t end = 1;
    while (end < text.size() && kind_of(text[end]) == Kind::kSpace) ++end;
    if (end == text.size() || text[end - 1] != ' ') return end;
    if (end > 1) return end - 1;
  }
  std::size_t end = text[0] == ' ' ? 1 : 0;
  const Kind kind = kind_of(text[end++]);
  while (end < text.size() && kind_of(text[end]) == kind && !is_apostrophe_of_word(text, end)) ++end;
  return end;
}

Tokenizer::Tokenizer(std::vector<Merge> merges) : merges_(std::move(merges)) {
  if (merges_.size() > static_cast<std::size_t>(kMostTokens - kBytes)) {
    refuse(text({merges_.size(), " merges; at most ", kMostTokens - kBytes, " are allowed"}));
  }
  for (int byte = 0; byte < kBytes; ++byte) {
    begins_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    bytes_.push_back(static_cast<char>(byte));
  }
  begins_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  const unsigned bits = std::max(1, static_cast<int>(std::bit_width(2 * merges_.size() + 1)));
  shift_ = static_cast<int>(32 - bits);
  slots_.resize(std::size_t{1} << bits);
  for (std::size_t i = 0; i < merges_.size(); ++i) {
    const auto [left, right] = merges_[i];
    const std::size_t most = kBytes + i;
    if (left >= most || right >= most) {
      refuse(text({"merge ", i, " joins tokens ", left, " and ", right, "; only those below ", most, " exist then"}));
    }
    if (rank(left, right) != kNone) refuse(text({"merge ", i, " repeats another"}));
    const std::string joined = std::string(token(left)) + std::string(token(right));
    if (joined.size() > kMostTokenBytes) {
      refuse(
          text({"token ", most, " would have ", joined.size(), " bytes; at most ", kMostTokenBytes, " are allowed"}));
    }
    bytes_ += joined;
    begins_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    const std::uint32_t pair = static_cast<std::uint32_t>(left) << 16 | right;
    std::size_t at = slot(pair);
    while (slots_[at].rank != kNone) at = (at + 1) % slots_.size();
    slots_[at] = {pair, static_cast<std::uint32_t>(i)};
  }
}

std::uint32_t Tokenizer::rank(std::uint32_t left, std::uint32_t right) const {
  const std::uint32_t pair = left << 16 | right;
  for (std::size_t at = slot(pair); slots_[at].rank != kNone; at = (at + 1) % slots_.size()) {
    if (slots_[at].pair == pair) return slots_[at].rank;
  }
  return kNone;
}

std::string_view Tokenizer::token(std::int32_t id) const {
  if (id < 0 || static_cast<std::size_t>(id) + 1 >= begins_.size()) {
    throw_invalid({"tokenizer: there is no token ", id, "; there are 0 to ", begins_.size() - 2});
  }
  const auto at = static_cast<std::size_t>(id);
  return std::string_view(bytes_).substr(begins_[at], begins_[at + 1] - begins_[at]);
}

std::string Tokenizer::digest() const {
  Digest digest;
  for (const auto& [left, right] : merges_) digest.add(static_cast<std::uint32_t>(left) << 16 | right);
  return digest.hex();
}

Tokenizer Tokenizer::parse(std::span<const std::byte> file) {
  const std::size_t header = kMagic.size() + 4;
  if (file.size() < header || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0) {
    refuse("the file doesn't begin with \"optlab-bpe 1\" and a count");
  }
  std::uint32_t count = 0;
  std::memcpy(&count, file.data() + kMagic.size(), sizeof count);
  if (count > kMostTokens || file.size() - header != std::size_t{4} * count) {
    refuse(text({"the file says ", count, " merges and has ", file.size() - header, " bytes of them; want 4 a merge"}));
  }
  std::vector<Merge> merges(count);
  static_assert(sizeof(Merge) == 4 && std::endian::native == std::endian::little);
  if (count > 0) std::memcpy(merges.data(), file.data() + header, file.size() - header);
  return Tokenizer(std::move(merges));
}

std::vector<std::byte> Tokenizer::serialize() const {
  const auto count = static_cast<std::uint32_t>(merges_.size());
  std::vector<std::byte> file(kMagic.size() + 4 + 4 * merges_.size());
  std::memcpy(file.data(), kMagic.data(), kMagic.size());
  std::memcpy(file.data() + kMagic.size(), &count, sizeof count);
  if (count > 0) std::memcpy(file.data() + kMagic.size() + 4, merges_.data(), 4 * merges_.size());
  return file;
}

/// The tokens in a linked list, and the merges that may apply in a heap by (number, place), so that the next is always
/// the lowest, leftmost one. An entry whose tokens have changed since is skipped.
void Tokenizer::encode_piece(std::string_view piece, std::vector<std::int32_t>& to) const {
  struct Node {
    std::uint32_t token;
    std::uint32_t before, after;
  };
  const auto size = static_cast<std::uint32_t>(piece.size());
  std::vector<Node> nodes(size);
  std::vector<std::uint64_t> heap;
  const auto offer = [&](std::uint32_t at) {
    if (nodes[at].after >= size) return;
    const std::uint32_t found = rank(nodes[at].token, nodes[nodes[at].after].token);
    if (found == kNone) return;
    heap.push_back(std::uint64_t{found} << 32 | at);
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  };
  for (std::uint32_t i = 0; i < size; ++i) nodes[i] = {static_cast<unsigned char>(piece[i]), i - 1, i + 1};
  for (std::uint32_t i = 0; i < size; ++i) offer(i);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const auto number = static_cast<std::uint32_t>(heap.back() >> 32);
    const auto at = static_cast<std::uint32_t>(heap.back());
    heap.pop_back();
    const std::uint32_t after = nodes[at].after;
    if (nodes[at].token == kNone || after >= size || nodes[at].token != merges_[number].left ||
        nodes[after].token != merges_[number].right) {
      continue;
    }
    nodes[at].token = kBytes + number;
    nodes[at].after = nodes[after].after;
    nodes[after].token = kNone;
    if (nodes[at].after < size) nodes[nodes[at].after].before = at;
    if (at > 0) offer(nodes[at].before);
    offer(at);
  }
  for (std::uint32_t i = 0; i < size; i = nodes[i].after) to.push_back(static_cast<std::int32_t>(nodes[i].token));
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  if (text.size() >= kNone) throw std::invalid_argument("tokenizer: the text has more than 2^32 - 2 bytes");
  std::vector<std::int32_t> ids;
  while (!text.empty()) {
    const std::size_t size = next_piece(text);
    encode_piece(text.substr(0, size), ids);
    text.remove_prefix(size);
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  for (const std::int32_t id : ids) text += token(id);
  return text;
}

std::string Utf8Stream::feed(std::string_view bytes) {
  static constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string whole;
  for (const char byte : bytes) {
    const auto next = static_cast<unsigned char>(byte);
    if (!pending_.empty()) {
      const auto first = static_cast<unsigned char>(pending_[0]);
      const bool fits = pending_.size() == 1 ? may_follow(first, next) : (next & 0xC0U) == 0x80;
      if (fits) {
        pending_ += byte;
        if (pending_.size() == character_bytes(first)) whole += std::exchange(pending_, {});
        continue;
      }
      pending_.clear();
      whole += kReplacement;
    }
    const std::size_t count = character_bytes(next);
    if (count == 0) {
      whole += kReplacement;
    } else if (count == 1) {
      whole += byte;
    } else {
      pending_ = byte;
    }
  }
  return whole;
}

std::string Utf8Stream::finish() {
  return std::exchange(pending_, {}).empty() ? std::string() : std::string("\xEF\xBF\xBD");
}

}  // namespace optlab::lm
