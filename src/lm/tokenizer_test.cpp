#include "lm/tokenizer.h"

#include <cstring>
#include <stdexcept>

#include "core/error.h"
#include "core/rng.h"
#include "nn/test_support.h"

namespace optlab::lm {
namespace {

const std::string kText =
    "Call me Ishmael. Some years ago\xE2\x80\x94never mind how long precisely\xE2\x80\x94having little or no money in "
    "my "
    "purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery "
    "part of the world. It's a way I have of driving off the spleen.\n\nWhenever it is a damp, drizzly November in my "
    "soul; whenever I find myself involuntarily pausing before coffin warehouses in 1851, 1851.";

/// The definition, one merge of the lowest number and leftmost place at a time.
std::vector<std::int32_t> encode_slowly(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::int32_t> all;
  while (!text.empty()) {
    const std::size_t size = next_piece(text);
    std::vector<std::int32_t> ids;
    for (const char byte : text.substr(0, size)) ids.push_back(static_cast<unsigned char>(byte));
    for (;;) {
      std::size_t best = tokenizer.merges().size(), place = 0;
      for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
        for (std::size_t m = 0; m < best; ++m) {
          if (tokenizer.merges()[m].left == ids[i] && tokenizer.merges()[m].right == ids[i + 1]) best = m, place = i;
        }
      }
      if (best == tokenizer.merges().size()) break;
      ids[place] = Tokenizer::kBytes + static_cast<std::int32_t>(best);
      ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(place) + 1);
    }
    all.insert(all.end(), ids.begin(), ids.end());
    text.remove_prefix(size);
  }
  return all;
}

std::vector<std::string> pieces(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    all.emplace_back(text.substr(0, next_piece(text)));
    text.remove_prefix(all.back().size());
  }
  return all;
}

TEST(Tokenizer, CutsTextIntoPieces) {
  using Pieces = std::vector<std::string>;
  EXPECT_EQ(pieces("Call me Ishmael."), (Pieces{"Call", " me", " Ishmael", "."}));
  EXPECT_EQ(pieces("  two  spaces "), (Pieces{" ", " two", " ", " spaces", " "}));
  EXPECT_EQ(pieces("a\n\n b\n"), (Pieces{"a", "\n\n", " b", "\n"}));
  EXPECT_EQ(pieces("don't 'em, 'tis'"), (Pieces{"don", "'t", " '", "em", ",", " '", "tis", "'"}));
  EXPECT_EQ(pieces("in 1851, x2"), (Pieces{"in", " 1851", ",", " x", "2"}));
  EXPECT_EQ(pieces("ago\xE2\x80\x94never"), (Pieces{"ago", "\xE2\x80\x94", "never"}));
}

TEST(Tokenizer, MergesTheMostFrequentPairFirst) {
  // In " ab" twice, "ab" once: a b three times, then " " + ab twice.
  const Tokenizer tokenizer = train_tokenizer("ab ab ab cd", 258);
  EXPECT_EQ(tokenizer.token(256), "ab");
  EXPECT_EQ(tokenizer.token(257), " ab");
  EXPECT_EQ(tokenizer.encode("ab ab abc"), (std::vector<std::int32_t>{256, 257, 257, 'c'}));
  // Ties: the lowest pair of numbers.
  EXPECT_EQ(train_tokenizer("xy.xy.ab.ab", 257).token(256), "ab");
  EXPECT_MESSAGE(std::invalid_argument, train_tokenizer("abc", 300), "pairs for 256 tokens only, not 300");
  EXPECT_THROW(train_tokenizer("abc", 255), std::invalid_argument);
}

TEST(Tokenizer, EncodesAsDefinedAndDecodesEverything) {
  const Tokenizer tokenizer = train_tokenizer(kText + kText, 330);
  std::vector<std::string> texts = {
      "", "a", kText, std::string(1000, 'e'), "the the thethe whenwhen", std::string("\0\xFF\x80 x", 5)};
  std::string bytes;
  const Rng rng(1);
  for (std::uint64_t i = 0; i < 2000; ++i) bytes.push_back(static_cast<char>(rng.bits(i)));
  texts.push_back(bytes);
  std::string letters;
  for (std::uint64_t i = 0; i < 500; ++i) letters.push_back("aehnrt "[rng.below(i, 7)]);
  texts.push_back(letters);
  for (const std::string& text : texts) {
    const auto ids = tokenizer.encode(text);
    EXPECT_EQ(ids, encode_slowly(tokenizer, text));
    EXPECT_EQ(tokenizer.decode(ids), text);
  }
}

TEST(Tokenizer, RepeatedCharactersMergeFromTheLeft) {
  const Tokenizer tokenizer({{'a', 'a'}, {256, 256}});
  EXPECT_EQ(tokenizer.encode("aaa"), (std::vector<std::int32_t>{256, 'a'}));
  EXPECT_EQ(tokenizer.encode("aaaaaaa"), (std::vector<std::int32_t>{257, 256, 'a'}));
  // A million characters in one piece: n log n, or this would not end.
  EXPECT_EQ(tokenizer.encode(std::string(1'000'000, 'a')).size(), 250'000U);
}

TEST(Tokenizer, SurvivesItsFile) {
  const Tokenizer tokenizer = train_tokenizer(kText + kText, 300);
  const auto file = tokenizer.serialize();
  EXPECT_EQ(file.size(), 13U + 4 + 4 * 44);
  const Tokenizer read = Tokenizer::parse(file);
  EXPECT_EQ(read.digest(), tokenizer.digest());
  EXPECT_EQ(read.encode(kText), tokenizer.encode(kText));
  EXPECT_EQ(Tokenizer::parse(Tokenizer({}).serialize()).encode("ab"), (std::vector<std::int32_t>{'a', 'b'}));
}

TEST(Tokenizer, RefusesOtherFiles) {
  const auto file = train_tokenizer(kText + kText, 300).serialize();
  const std::span<const std::byte> all(file);
  EXPECT_MESSAGE(DataError, Tokenizer::parse({}), "doesn't begin with");
  EXPECT_MESSAGE(DataError, Tokenizer::parse(all.first(16)), "doesn't begin with");
  EXPECT_MESSAGE(DataError, Tokenizer::parse(all.first(all.size() - 1)), "says 44 merges and has 175 bytes");
  auto other = file;
  other[0] = std::byte{'x'};
  EXPECT_MESSAGE(DataError, Tokenizer::parse(other), "doesn't begin with");
  other = file;
  const std::uint16_t late = 300;
  std::memcpy(other.data() + 17, &late, sizeof late);
  EXPECT_MESSAGE(DataError, Tokenizer::parse(other), "merge 0 joins tokens 300");
  EXPECT_MESSAGE(DataError, Tokenizer({{'a', 'b'}, {'a', 'b'}}), "merge 1 repeats another");
  std::vector<Tokenizer::Merge> doubling = {{'a', 'a'}};
  for (int i = 0; i < 12; ++i) {
    doubling.push_back({static_cast<std::uint16_t>(256 + i), static_cast<std::uint16_t>(256 + i)});
  }
  EXPECT_MESSAGE(DataError, Tokenizer(doubling), "would have 8192 bytes");
  const Tokenizer tokenizer({});
  EXPECT_MESSAGE(std::invalid_argument, tokenizer.token(256), "no token 256; there are 0 to 255");
  EXPECT_THROW(tokenizer.token(-1), std::invalid_argument);
}

TEST(Utf8Stream, GivesWholeCharacters) {
  const std::string text = "a\xC3\xA9\xE2\x80\x94\xF0\x9F\x90\x8B!";
  Utf8Stream stream;
  std::string got;
  for (const char byte : text) {
    const std::string part = stream.feed(std::string_view(&byte, 1));
    EXPECT_TRUE(part.empty() || (part[0] & 0xC0) != 0x80);
    got += part;
  }
  EXPECT_EQ(got + stream.finish(), text);
}

TEST(Utf8Stream, ReplacesWhatIsNone) {
  const auto decode = [](std::string_view bytes) {
    Utf8Stream stream;
    const std::string begun = stream.feed(bytes);
    return begun + stream.finish();
  };
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(decode("\x80x"), r + "x");
  EXPECT_EQ(decode("\xE2\x80"), r);              // cut off
  EXPECT_EQ(decode("\xE2\x28"), r + "(");        // not continued
  EXPECT_EQ(decode("\xC0\x80"), r + r);          // overlong
  EXPECT_EQ(decode("\xED\xA0\x80"), r + r + r);  // a surrogate
  EXPECT_EQ(decode("\xF5\x80"), r + r);          // beyond Unicode
  EXPECT_EQ(decode("\xE2\xC3\xA9"), r + "\xC3\xA9");
}

}  // namespace
}  // namespace optlab::lm
