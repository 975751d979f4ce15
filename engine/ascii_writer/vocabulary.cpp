#include "engine/ascii_writer/vocabulary.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "kernels/error.h"

namespace yent::art {
namespace {

struct Range {
  int32_t first, last;  // tokens
  char32_t character;   // of the first
};

constexpr Range kAscii{32, 126, U' '}, kBlockElements{128, 159, U'\u2580'},
    kLatin{160, 255, U'\u00a0'}, kBoxDrawing{256, 383, U'\u2500'};
constexpr Range kRanges[] = {kAscii, kBlockElements, kLatin, kBoxDrawing};

constexpr int32_t kNoBreakSpace = 160, kSoftHyphen = 173;

TokenSet all_of(std::initializer_list<Range> ranges) {
  TokenSet set;
  set.set(' ');
  for (const Range& range : ranges) {
    for (int32_t token = range.first; token <= range.last; ++token) set.set(token);
  }
  set.reset(kNoBreakSpace);
  set.reset(kSoftHyphen);
  return set;
}

TokenSet all_characters() { return all_of({kAscii, kBlockElements, kLatin, kBoxDrawing}); }

size_t find(const char* kind, std::string_view name, const std::vector<std::string>& names) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    throw usage_error("the {} is '{}', expected {}", kind, name, fmt::join(names, ", "));
  }
  return found - names.begin();
}

}  // namespace

int32_t token_of(char32_t character) {
  for (const Range& range : kRanges) {
    const auto token = static_cast<int64_t>(character) - range.character + range.first;
    if (token >= range.first && token <= range.last && token != kSoftHyphen) {
      return static_cast<int32_t>(token);
    }
  }
  return kUnknown;
}

char32_t character_of(int32_t token) {
  for (const Range& range : kRanges) {
    if (token >= range.first && token <= range.last && token != kSoftHyphen) {
      return range.character + static_cast<char32_t>(token - range.first);
    }
  }
  return 0;
}

const std::vector<std::string>& style_names() {
  static const std::vector<std::string> names{"any", "line",      "shaded",    "blocks",
                                              "box", "lettering", "one-liner", "sketch"};
  return names;
}

const std::vector<std::string>& charset_names() {
  static const std::vector<std::string> names{"ascii", "block", "all"};
  return names;
}

int find_style(std::string_view name) {
  return static_cast<int>(find("style", name, style_names()));
}

TokenSet find_charset(std::string_view name) {
  switch (find("charset", name, charset_names())) {
    case 0:
      return all_of({kAscii});
    case 1:
      return all_of({kBlockElements});
    default:
      return all_characters();
  }
}

TokenSet characters_of_style(int style) {
  switch (style) {
    case kLineArt:
    case kShaded:
    case kLettering:
    case kSketch:
      return all_of({kAscii});
    case kBlocks:
      return all_of({kBlockElements});
    case kBoxes:
      return all_of({kAscii, kBoxDrawing});
    default:
      return all_characters();
  }
}

}  // namespace yent::art
