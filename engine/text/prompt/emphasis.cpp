#include "engine/text/prompt/emphasis.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr size_t kDeepest = 256;
constexpr double kEmphasis = 1.1;
constexpr std::u32string_view kBreak = U"BREAK";

size_t skip_spaces(std::u32string_view text, size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// The end of ":1.3)", which begins at `at`, and the characters of its number.
struct Factor {
  size_t end;
  std::u32string_view number;
};

std::optional<Factor> factor_at(std::u32string_view text, size_t at) {
  const size_t begin = skip_spaces(text, at + 1);
  size_t end = begin;
  if (end < text.size() && (text[end] == '+' || text[end] == '-')) ++end;
  const size_t digits = end;
  while (end < text.size() && (text[end] == '.' || (text[end] >= '0' && text[end] <= '9'))) ++end;
  const size_t close = skip_spaces(text, end);
  if (end == digits || close == text.size() || text[close] != ')') return std::nullopt;
  return Factor{close + 1, text.substr(begin, end - begin)};
}

double number_of(std::u32string_view digits) {
  const std::string text = encode_utf8(digits);
  const char* first = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* last = text.data() + text.size();
  double value = 0;
  const auto [end, error] = std::from_chars(first, last, value);
  if (error != std::errc() || end != last || first == last) {
    throw usage_error("a weight of the prompt is '{}', expected a number", printable(text));
  }
  return value;
}

class Parser {
 public:
  explicit Parser(std::u32string_view text) : text_(text) {}

  std::vector<WeightedText> parse() {
    while (at_ < text_.size()) step();
    for (const size_t first : round_) multiply(first, kEmphasis);
    for (const size_t first : square_) multiply(first, 1 / kEmphasis);
    return merged();
  }

 private:
  void step() {
    switch (text_[at_]) {
      case '\\':
        return escape();
      case '(':
        return open(round_);
      case '[':
        return open(square_);
      case ')':
        if (round_.empty()) return add(1);
        ++at_;
        return close(round_, kEmphasis);
      case ']':
        if (square_.empty()) return add(1);
        ++at_;
        return close(square_, 1 / kEmphasis);
      case ':':
        return colon();
      default:
        return add(text_.find_first_of(U"\\()[]:", at_) - at_);
    }
  }

  // A backslash before another character is dropped.
  void escape() {
    const bool bracket =
        at_ + 1 < text_.size() && std::u32string_view(U"()[]\\").find(text_[at_ + 1]) != text_.npos;
    if (bracket) pieces_.push_back({encode_utf8(text_.substr(at_ + 1, 1))});
    at_ += bracket ? 2 : 1;
  }

  void open(std::vector<size_t>& brackets) {
    if (round_.size() + square_.size() == kDeepest) {
      throw usage_error("brackets of the prompt are nested more than {} deep", kDeepest);
    }
    brackets.push_back(pieces_.size());
    ++at_;
  }

  void close(std::vector<size_t>& brackets, double by) {
    multiply(brackets.back(), by);
    brackets.pop_back();
  }

  void colon() {
    const std::optional<Factor> factor = factor_at(text_, at_);
    if (!factor) return add(1);
    if (round_.empty()) return add(factor->end - at_);
    close(round_, number_of(factor->number));
    at_ = factor->end;
  }

  void multiply(size_t first, double by) {
    for (size_t i = first; i < pieces_.size(); ++i) pieces_[i].weight *= by;
  }

  // The next characters are text, in which BREAK may stand.
  void add(size_t length) {
    std::u32string_view run = text_.substr(at_, length);
    at_ += run.size();
    for (size_t from = 0;;) {
      const size_t found = run.find(kBreak, from);
      if (found == run.npos) break;
      from = found + kBreak.size();
      if (!at_word_edge(run, found) || !at_word_edge(run, from)) continue;
      size_t end = found;
      while (end > 0 && is_space(run[end - 1])) --end;
      pieces_.push_back({encode_utf8(run.substr(0, end))});
      pieces_.push_back({.breaks = true});
      run.remove_prefix(skip_spaces(run, from));
      from = 0;
    }
    pieces_.push_back({encode_utf8(run)});
  }

  std::vector<WeightedText> merged() const {
    std::vector<WeightedText> out;
    for (const WeightedText& piece : pieces_) {
      if (!std::isfinite(static_cast<float>(piece.weight))) {
        throw usage_error("a weight of the prompt is too large");
      }
      if (piece.breaks) {
        out.push_back({.breaks = true});
      } else if (!out.empty() && !out.back().breaks && out.back().weight == piece.weight) {
        out.back().text += piece.text;
      } else {
        out.push_back(piece);
      }
    }
    if (out.empty()) out.emplace_back();
    return out;
  }

  std::u32string_view text_;
  size_t at_ = 0;
  std::vector<WeightedText> pieces_;
  std::vector<size_t> round_, square_;  // of every open bracket the first piece in it
};

}  // namespace

bool at_word_edge(std::u32string_view text, size_t at) {
  const bool before = at > 0 && is_word(text[at - 1]);
  const bool behind = at < text.size() && is_word(text[at]);
  return before != behind;
}

std::vector<WeightedText> parse_emphasis(std::u32string_view text) { return Parser(text).parse(); }

}  // namespace yent
