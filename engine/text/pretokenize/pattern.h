// The regular expressions that cut text into words before merging, on Unicode characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace yent {

// A character and its kinds (CharacterKind).
struct KindOf {
  char32_t code;
  uint32_t kinds;
};

// A backtracking matcher of the part of regular expressions that pre-tokenizers use: characters,
// classes [a-z\p{L}] and [^...], \p{L} \p{Lu} \p{M} \p{N} \p{P} \p{S} ..., \s, \S, \d as 0 to 9,
// groups (?:...) and (...), which capture nothing, |, ? * + {m} {m,n} (all greedy), (?=...),
// (?!...), and $ for the end of the text. As everywhere, the leftmost match counts, and of
// alternatives the first. Const functions may be called from several threads at once.
class Pattern {
 public:
  // The pattern is one of ours: anything else in it is an internal error.
  explicit Pattern(std::string_view pattern);

  // The lengths of the pieces of the text: matches, and what is between them. No piece is empty.
  std::vector<size_t> split(std::span<const KindOf> text) const;

 private:
  friend class PatternParser;

  struct CharacterSet {
    struct Range {
      char32_t first, last;
    };
    bool negated = false;
    uint32_t kinds = 0;      // has one of them
    bool not_space = false;  // \S
    std::vector<Range> ranges = {};

    bool contains(const KindOf& c) const;
  };
  enum class Op : uint8_t {
    take,       // one character of the set `a`
    fork,       // goes on at `a`; if that fails, at `b`
    jump,       // to `a`
    look,       // what follows, up to its accept, must match here; goes on at `a`
    look_away,  // must not match
    end,        // of the text
    accept,
  };
  // Addresses are relative to the instruction.
  struct Instruction {
    Op op;
    int a = 0, b = 0;
  };

  // The end of the match that begins at `at` and runs the program from `start`; npos: none.
  size_t match(std::span<const KindOf> text, size_t at, size_t start = 0) const;

  std::vector<Instruction> program_;
  std::vector<CharacterSet> sets_;
};

}  // namespace yent
