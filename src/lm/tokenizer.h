#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace optlab::lm {

/// Byte-level byte-pair encoding. Tokens 0 to 255 are the bytes; token 256 + i is the concatenation of the two tokens of
/// merge i. A text is cut into pieces (see `next_piece`), and in each the merge of lowest number is applied, leftmost
/// first, until none applies. Every text has an encoding, and decoding gives its bytes back.
///
/// Format:   of a file: "optlab-bpe 1\n", the number of merges as 32 bits, then two 16-bit token numbers a merge,
///           little-endian.
/// Throws:   DataError for a file that breaks a rule, saying which; std::invalid_argument for ids that don't exist.
/// Cost:     encoding takes O(n log n) in a piece of n bytes.
/// Source:   Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016.
class Tokenizer {
 public:
  struct Merge {
    std::uint16_t left;
    std::uint16_t right;
    bool operator==(const Merge&) const = default;
  };
  static constexpr int kBytes = 256;
  static constexpr int kMostTokens = 65536;
  /// The longest token, so that a file of merges can't take all memory.
  static constexpr std::size_t kMostTokenBytes = 4096;

  /// Merge i may name only tokens below 256 + i, and no pair twice. Throws DataError.
  explicit Tokenizer(std::vector<Merge> merges);
  static Tokenizer parse(std::span<const std::byte> file);
  std::vector<std::byte> serialize() const;

  int vocab() const { return kBytes + static_cast<int>(merges_.size()); }
  std::span<const Merge> merges() const { return merges_; }
  /// The token's bytes, not necessarily whole characters. Throws std::invalid_argument.
  std::string_view token(std::int32_t id) const;
  /// The digest of the merges; a model's checkpoint names it, so that nobody pairs it with another tokenizer.
  std::string digest() const;

  std::vector<std::int32_t> encode(std::string_view text) const;
  std::string decode(std::span<const std::int32_t> ids) const;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;
  struct Slot {
    std::uint32_t pair = kNone;
    std::uint32_t rank = kNone;
  };
  /// The number of the merge of two tokens, or kNone.
  std::uint32_t rank(std::uint32_t left, std::uint32_t right) const;
  std::size_t slot(std::uint32_t pair) const { return (pair * 0x9E3779B1U) >> shift_; }
  void encode_piece(std::string_view piece, std::vector<std::int32_t>& to) const;

  std::vector<Merge> merges_;
  std::string bytes_;                  // of all tokens, one after the other
  std::vector<std::uint32_t> begins_;  // where each begins, and the end
  std::vector<Slot> slots_;            // hash table of merges, open addressing
  int shift_ = 0;
};

/// How many bytes of `text`, which isn't empty, its first piece has: letters with a space before them; an apostrophe with
/// letters after it, unless a space is before it; digits with a space before them; other characters (all beyond ASCII
/// among them) with a space before them; or white space, of which the last space goes to what follows.
std::size_t next_piece(std::string_view text);

/// The tokenizer of `vocab` tokens whose merges are, one after the other, the most frequent pair of tokens in the pieces
/// of `text`; the lowest pair of token numbers on ties. The same text gives the same tokenizer everywhere.
/// Throws: std::invalid_argument unless 256 <= vocab <= 65536, or if the text has no pair left that occurs twice.
Tokenizer train_tokenizer(std::string_view text, int vocab);

/// Bytes in, whole characters out: for text that arrives token by token. What can't be UTF-8 becomes U+FFFD.
class Utf8Stream {
 public:
  /// What became whole by these bytes.
  std::string feed(std::string_view bytes);
  /// What is left, as U+FFFD.
  std::string finish();

 private:
  std::string pending_;
};

}  // namespace optlab::lm
