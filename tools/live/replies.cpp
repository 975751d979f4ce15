#include "tools/live/replies.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

namespace yent {
namespace {

std::vector<int> numbers_in(std::string_view text) {
  std::vector<int> numbers;
  while (true) {
    const size_t end = text.find(';');
    int number = 0;
    const std::string_view part = text.substr(0, end);
    std::from_chars(part.data(), part.data() + part.size(), number);
    numbers.push_back(number);
    if (end == text.npos) return numbers;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

void ReplyReader::feed(std::string_view bytes) {
  bytes_ += bytes;
  while (take_one()) {
  }
}

// Whether one sequence was whole and is taken.
bool ReplyReader::take_one() {
  constexpr size_t longest = 4096;
  const size_t begin = bytes_.find('\x1b');
  bytes_.erase(0, begin == bytes_.npos ? bytes_.size() : begin);
  if (bytes_.size() < 2) return false;
  const char kind = bytes_[1];
  size_t end = 2;
  if (kind == '[') {
    while (end < bytes_.size() && (bytes_[end] < '@' || bytes_[end] > '~')) ++end;
    if (end < bytes_.size()) {
      control_sequence(std::string_view(bytes_).substr(2, end - 2), bytes_[end]);
      ++end;
    } else if (end < longest) {
      return false;
    }
  } else if (kind == 'P' || kind == '_') {
    const size_t stop = bytes_.find("\x1b\\", 2);
    if (stop == bytes_.npos && bytes_.size() < longest) return false;
    end = stop == bytes_.npos ? bytes_.size() : stop + 2;
    string_sequence(kind, std::string_view(bytes_).substr(2, stop == bytes_.npos ? 0 : stop - 2));
  }
  bytes_.erase(0, end);
  return true;
}

void ReplyReader::control_sequence(std::string_view body, char final) {
  TerminalReplies& r = replies_;
  const bool is_private = body.starts_with('?');
  const std::vector<int> n = numbers_in(is_private ? body.substr(1) : body);
  if (is_private && final == 'c') {
    r.attributes = true;
    for (size_t i = 1; i < n.size(); ++i) r.sixel |= n[i] == 4;
  } else if (is_private && final == 'y' && n.size() == 2 && n[0] == 2026) {
    r.synchronized = n[1] == 1 || n[1] == 2;
  } else if (is_private && final == 'S' && n.size() >= 3 && n[1] == 0) {
    if (n[0] == 1) r.sixel_colours = n[2];
    if (n[0] == 2 && n.size() == 4) r.sixel_width = n[2], r.sixel_height = n[3];
  } else if (!is_private && final == 'R' && n.size() == 2) {
    r.cursor_row = n[0];
    r.cursor_column = n[1];
  }
}

void ReplyReader::string_sequence(char kind, std::string_view body) {
  if (kind == 'P' && body.starts_with(">|")) replies_.name = body.substr(2);
  if (kind != '_' || !body.starts_with('G')) return;
  const size_t message = body.find(';');
  if (message == body.npos) return;
  const std::string keys = fmt::format(",{},", body.substr(1, message - 1));
  const auto is_for = [&](unsigned id) {
    return keys.find(fmt::format(",i={},", id)) != keys.npos;
  };
  const std::string_view text = body.substr(message + 1);
  if (is_for(kKittyIds.probe) && text == "OK") replies_.kitty = true;
  if (is_for(kKittyIds.animation) && text.starts_with("ENOENT")) replies_.kitty_edits = true;
}

}  // namespace yent
