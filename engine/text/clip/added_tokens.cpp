#include "engine/text/clip/added_tokens.h"

#include <algorithm>
#include <utility>

#include "engine/text/characters.h"
#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent {

namespace {

bool begins_with_word(std::string_view text) {
  // Four bytes hold the longest character; a mark of bad bytes, U+FFFD, is none of a word.
  return !text.empty() && is_word(decode_utf8(text.substr(0, 4))[0]);
}

bool ends_with_word(std::string_view text) {
  const auto last = characters(text.substr(text.size() - std::min<size_t>(text.size(), 4)));
  return !last.empty() && is_word(last.back().code);
}

// The bytes of white space at the begin or the end of the text.
size_t leading_space(std::string_view text) {
  size_t bytes = 0;
  for (const Character& c : characters(text)) {
    if (!is_space(c.code)) break;
    bytes = c.end;
  }
  return bytes;
}

size_t trailing_space(std::string_view text) {
  const auto all = characters(text);
  const auto word = std::find_if_not(all.rbegin(), all.rend(),
                                     [](const Character& c) { return is_space(c.code); });
  return text.size() - (word == all.rend() ? 0 : word->end);
}

}  // namespace

void AddedTokens::add(AddedToken token, std::string wanted) {
  ENSURE(!wanted.empty() && !token.ids.empty(), "an added token needs text and ids");
  const size_t index = by_text_.emplace(token.text, tokens_.size()).first->second;
  tokens_.resize(by_text_.size());
  for (Wanted* w : {&raw_, &normalized_}) {
    const auto old = w->tokens.find(tokens_[index].wanted);
    if (old != w->tokens.end() && old->second == index) w->tokens.erase(old);
  }
  for (const int32_t id : token.ids) by_id_[id] = index;
  Wanted& w = token.normalized ? normalized_ : raw_;
  w.lengths[static_cast<uint8_t>(wanted[0])].insert(wanted.size());
  w.tokens[wanted] = index;
  tokens_[index] = {std::move(token), std::move(wanted)};
}

// The longest of the tokens that the text begins with.
AddedTokens::Part AddedTokens::match(std::string_view text, const Wanted& wanted) const {
  for (const size_t length : wanted.lengths[static_cast<uint8_t>(text[0])]) {
    if (length > text.size()) continue;
    const std::string_view start = text.substr(0, length);
    const auto found = wanted.tokens.find(std::string(start));
    if (found != wanted.tokens.end()) return {start, &tokens_[found->second].token};
  }
  return {{}, nullptr};
}

std::vector<AddedTokens::Part> AddedTokens::split(std::string_view text, bool normalized) const {
  const Wanted& wanted = normalized ? normalized_ : raw_;
  std::vector<Part> parts;
  size_t done = 0;  // what comes before is in `parts`
  for (size_t i = 0; i < text.size();) {
    const Part found = match(text.substr(i), wanted);
    if (!found.token) {
      ++i;
      continue;
    }
    const AddedToken& token = *found.token;
    size_t begin = i, end = i + found.text.size();
    i = end;  // a match that is refused is not searched again
    if (token.single_word &&
        (ends_with_word(text.substr(0, begin)) || begins_with_word(text.substr(end)))) {
      continue;
    }
    if (token.lstrip) begin -= trailing_space(text.substr(done, begin - done));
    if (token.rstrip) end += leading_space(text.substr(end));
    if (begin > done) parts.push_back({text.substr(done, begin - done), nullptr});
    parts.push_back({text.substr(begin, end - begin), &token});
    i = done = end;
  }
  if (done < text.size()) parts.push_back({text.substr(done), nullptr});
  return parts;
}

const AddedToken* AddedTokens::find(std::string_view text) const {
  const auto found = by_text_.find(std::string(text));
  return found == by_text_.end() ? nullptr : &tokens_[found->second].token;
}

const AddedToken* AddedTokens::find(int32_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second].token;
}

}  // namespace yent
