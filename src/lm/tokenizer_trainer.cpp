#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "core/error.h"
#include "lm/tokenizer.h"

namespace optlab::lm {
namespace {

struct Piece {
  std::vector<std::uint16_t> tokens;
  std::int64_t count;
};

using PairCounts = std::unordered_map<std::uint32_t, std::int64_t>;

std::uint32_t pair_of(const Piece& piece, std::size_t i) {
  return static_cast<std::uint32_t>(piece.tokens[i]) << 16 | piece.tokens[i + 1];
}

/// Each piece that occurs, with its number; in the order of their bytes.
std::vector<Piece> count_pieces(std::string_view text) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    const std::size_t size = next_piece(text);
    all.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  std::sort(all.begin(), all.end());
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i;
    while (end < all.size() && all[end] == all[i]) ++end;
    Piece piece{{}, static_cast<std::int64_t>(end - i)};
    for (const char byte : all[i]) piece.tokens.push_back(static_cast<unsigned char>(byte));
    pieces.push_back(std::move(piece));
    i = end;
  }
  return pieces;
}

void add_pairs(const Piece& piece, std::int64_t sign, PairCounts& counts) {
  for (std::size_t i = 0; i + 1 < piece.tokens.size(); ++i) counts[pair_of(piece, i)] += sign * piece.count;
}

bool contains(const Piece& piece, std::uint32_t pair) {
  for (std::size_t i = 0; i + 1 < piece.tokens.size(); ++i) {
    if (pair_of(piece, i) == pair) return true;
  }
  return false;
}

void merge(Piece& piece, std::uint32_t pair, std::uint16_t token) {
  std::vector<std::uint16_t> merged;
  for (std::size_t i = 0; i < piece.tokens.size(); ++i) {
    if (i + 1 < piece.tokens.size() && pair_of(piece, i) == pair) {
      merged.push_back(token);
      ++i;
    } else {
      merged.push_back(piece.tokens[i]);
    }
  }
  piece.tokens = std::move(merged);
}

}  // namespace

Tokenizer train_tokenizer(std::string_view text, int vocab) {
  if (vocab < Tokenizer::kBytes || vocab > Tokenizer::kMostTokens) {
    throw_invalid({"tokenizer: a vocabulary of ", vocab, "; want 256 to 65536"});
  }
  std::vector<Piece> pieces = count_pieces(text);
  PairCounts counts;
  for (const Piece& piece : pieces) add_pairs(piece, 1, counts);
  std::vector<Tokenizer::Merge> merges;
  for (int token = Tokenizer::kBytes; token < vocab; ++token) {
    std::uint32_t best = 0;
    std::int64_t most = 0;
    for (const auto& [pair, count] : counts) {  // in whatever order: the result doesn't depend on it
      if (count > most || (count == most && pair < best)) best = pair, most = count;
    }
    if (most < 2) {
      throw_invalid({"tokenizer: the text has pairs for ", token, " tokens only, not ", vocab});
    }
    merges.push_back({static_cast<std::uint16_t>(best >> 16), static_cast<std::uint16_t>(best & 0xFFFFU)});
    for (Piece& piece : pieces) {
      if (!contains(piece, best)) continue;
      add_pairs(piece, -1, counts);
      merge(piece, best, static_cast<std::uint16_t>(token));
      add_pairs(piece, 1, counts);
    }
    counts.erase(best);
  }
  return Tokenizer(std::move(merges));
}

}  // namespace optlab::lm
