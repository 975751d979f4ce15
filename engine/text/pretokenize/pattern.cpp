#include "engine/text/pretokenize/pattern.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent {

namespace {

constexpr size_t npos = static_cast<size_t>(-1);

struct Property {
  std::u32string_view name;
  uint32_t kinds;
};
constexpr Property properties[] = {
    {U"L", kLetter},      {U"Lu", kUpper},       {U"Ll", kLower}, {U"Lt", kTitle},
    {U"Lm", kModifier},   {U"Lo", kOtherLetter}, {U"M", kMark},   {U"N", kNumber},
    {U"P", kPunctuation}, {U"S", kSymbol},
};

}  // namespace

// Recursive descent; every function returns the instructions of what it has read.
class PatternParser {
 public:
  PatternParser(Pattern& made, std::u32string_view text) : made_(made), text_(text) {}

  using Op = Pattern::Op;
  using Code = std::vector<Pattern::Instruction>;

  Code whole() {
    Code code = alternatives();
    ENSURE(text_.empty(), "a pattern has an unmatched )");
    code.push_back({Op::accept});
    return code;
  }

 private:
  static int length(const Code& code) { return static_cast<int>(code.size()); }
  static void append(Code& code, const Code& more) {
    code.insert(code.end(), more.begin(), more.end());
  }

  bool at(char32_t c) const { return !text_.empty() && text_[0] == c; }
  bool take(std::u32string_view prefix) {
    if (!text_.starts_with(prefix)) return false;
    text_.remove_prefix(prefix.size());
    return true;
  }
  char32_t next() {
    ENSURE(!text_.empty(), "a pattern ends early");
    const char32_t c = text_[0];
    text_.remove_prefix(1);
    return c;
  }

  Code alternatives() {
    Code code = sequence();
    if (!take(U"|")) return code;
    const Code rest = alternatives();
    Code both{{Op::fork, 1, length(code) + 2}};
    append(both, code);
    both.push_back({Op::jump, length(rest) + 1});
    append(both, rest);
    return both;
  }

  Code sequence() {
    Code code;
    while (!text_.empty() && !at('|') && !at(')')) append(code, repeated(atom()));
    return code;
  }

  Code atom() {
    if (take(U"(?=")) return look(Op::look);
    if (take(U"(?!")) return look(Op::look_away);
    if (take(U"(?:") || take(U"(")) return group();
    if (take(U"$")) return {{Op::end}};
    Pattern::CharacterSet set;
    if (take(U"[")) {
      set.negated = take(U"^");
      while (!take(U"]")) member(set);
    } else {
      member(set);
    }
    made_.sets_.push_back(std::move(set));
    return {{Op::take, static_cast<int>(made_.sets_.size()) - 1}};
  }

  Code group() {
    Code code = alternatives();
    ENSURE(take(U")"), "a pattern has an open group");
    return code;
  }

  Code look(Op op) {
    const Code inner = group();
    Code code{{op, length(inner) + 2}};
    append(code, inner);
    code.push_back({Op::accept});
    return code;
  }

  // A character, a range of them, or a class.
  void member(Pattern::CharacterSet& set) {
    char32_t first = next();
    if (first == '\\') {
      first = next();
      if (first == 'p') return property(set);
      if (first == 's') return void(set.kinds |= kSpace);
      if (first == 'S') return void(set.not_space = true);
      if (first == 'd') return set.ranges.push_back({'0', '9'});
      first = first == 'r' ? '\r' : first == 'n' ? '\n' : first == 't' ? '\t' : first;
    }
    const bool range = at('-') && text_.size() > 1 && text_[1] != ']';
    char32_t last = first;
    if (range) {
      next();
      last = next();
      if (last == '\\') last = next();
    }
    set.ranges.push_back({first, last});
  }

  void property(Pattern::CharacterSet& set) {
    ENSURE(take(U"{"), "a pattern has \\p without a name");
    const size_t end = std::min(text_.find(U'}'), text_.size());
    const auto* found =
        std::find_if(std::begin(properties), std::end(properties),
                     [&](const Property& p) { return p.name == text_.substr(0, end); });
    ENSURE(found != std::end(properties) && end < text_.size(), "a pattern has an unknown \\p");
    text_.remove_prefix(end + 1);
    set.kinds |= found->kinds;
  }

  int number() {
    int value = 0;
    while (!text_.empty() && text_[0] >= '0' && text_[0] <= '9') {
      value = value * 10 + static_cast<int>(next() - '0');
    }
    return value;
  }

  Code repeated(Code code) {
    if (take(U"?")) return times(code, 0, 1);
    if (take(U"+")) {
      code.push_back({Op::fork, -length(code), 1});
      return code;
    }
    if (take(U"*")) {
      code.insert(code.begin(), {Op::fork, 1, length(code) + 2});
      code.push_back({Op::jump, -length(code)});
      return code;
    }
    if (!take(U"{")) return code;
    const int least = number();
    const int most = take(U",") ? number() : least;
    ENSURE(take(U"}") && least <= most, "a pattern has an unknown count");
    return times(code, least, most);
  }

  // The code `least` times, then nested: (code(code)?)?
  static Code times(const Code& code, int least, int most) {
    Code tail;
    for (int i = least; i < most; ++i) {
      Code inner{{Op::fork, 1, length(code) + length(tail) + 1}};
      append(inner, code);
      append(inner, tail);
      tail = std::move(inner);
    }
    Code out;
    for (int i = 0; i < least; ++i) append(out, code);
    append(out, tail);
    return out;
  }

  Pattern& made_;
  std::u32string_view text_;
};

bool Pattern::CharacterSet::contains(const KindOf& c) const {
  const bool found = (c.kinds & kinds) != 0 || (not_space && (c.kinds & kSpace) == 0) ||
                     std::any_of(ranges.begin(), ranges.end(), [&](const Range& r) {
                       return c.code >= r.first && c.code <= r.last;
                     });
  return found != negated;
}

Pattern::Pattern(std::string_view pattern) {
  const std::u32string text = decode_utf8(pattern);
  program_ = PatternParser(*this, text).whole();
}

size_t Pattern::match(std::span<const KindOf> text, size_t at, size_t start) const {
  // Where to go on when this way fails.
  std::vector<std::pair<size_t, size_t>> others;
  size_t pc = start;
  const auto to = [&](int offset) {
    pc = static_cast<size_t>(static_cast<ptrdiff_t>(pc) + offset);
  };
  while (true) {
    const Instruction& i = program_[pc];
    bool fails = false;
    switch (i.op) {
      case Op::take:
        fails = at == text.size() || !sets_[static_cast<size_t>(i.a)].contains(text[at]);
        if (!fails) ++at, ++pc;
        break;
      case Op::fork:
        others.emplace_back(static_cast<size_t>(static_cast<ptrdiff_t>(pc) + i.b), at);
        to(i.a);
        break;
      case Op::jump:
        to(i.a);
        break;
      case Op::look:
      case Op::look_away:
        fails = (match(text, at, pc + 1) != npos) != (i.op == Op::look);
        to(i.a);
        break;
      case Op::end:
        fails = at != text.size();
        ++pc;
        break;
      case Op::accept:
        return at;
    }
    if (!fails) continue;
    if (others.empty()) return npos;
    std::tie(pc, at) = others.back();
    others.pop_back();
  }
}

std::vector<size_t> Pattern::split(std::span<const KindOf> text) const {
  std::vector<size_t> lengths;
  size_t done = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t end = match(text, i);
    if (end == npos || end == i) {  // nothing is found here
      ++i;
      continue;
    }
    if (i > done) lengths.push_back(i - done);
    lengths.push_back(end - i);
    done = i = end;
  }
  if (done < text.size()) lengths.push_back(text.size() - done);
  return lengths;
}

}  // namespace yent
