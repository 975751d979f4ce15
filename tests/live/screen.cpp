#include "tests/live/screen.h"

#include <algorithm>

#include "loaders/io/utf8.h"

namespace yent::test {
namespace {

std::u32string trimmed(const std::u32string& row) {
  return row.substr(0, row.find_last_not_of(U' ') + 1);
}

}  // namespace

void Screen::write(std::string_view utf8) {
  const std::u32string text = decode_utf8(utf8);
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == U'\x1b') {
      i += escape(std::u32string_view(text).substr(i + 1));
    } else if (c == U'\r') {
      column_ = 0;
    } else if (c == U'\n') {
      line_feed();
    } else {
      put(c);
    }
  }
}

void Screen::put(char32_t c) {
  if (column_ == columns_) {
    column_ = 0;
    line_feed();
  }
  cells_[row_][column_++] = c;
}

void Screen::line_feed() {
  if (++row_ < static_cast<int>(cells_.size())) return;
  gone_ += trimmed(cells_.front()) + U'\n';
  cells_.erase(cells_.begin());
  cells_.emplace_back(columns_, U' ');
  --row_;
}

// How many characters belong to it.
size_t Screen::escape(std::u32string_view rest) {
  if (rest.starts_with(U'7')) return saved_row_ = row_, saved_column_ = column_, 1;
  if (rest.starts_with(U'8')) return row_ = saved_row_, column_ = saved_column_, 1;
  if (rest.starts_with(U'\x1b')) return 0;  // it begins anew
  if (!rest.starts_with(U'[')) {
    unknown += "ESC" + encode_utf8(rest.substr(0, 1)) + " ";
    return 1;
  }
  size_t end = 1;
  while (end < rest.size() && (rest[end] < U'@' || rest[end] > U'~')) {
    if (rest[end] == U'\x1b') return end;
    ++end;
  }
  if (end < rest.size()) control(rest.substr(1, end - 1), rest[end]);
  return end + 1;
}

void Screen::control(std::u32string_view parameters, char32_t final) {
  const std::string p = encode_utf8(parameters);
  std::u32string& row = cells_[row_];
  if (final == U'm') {
    styled = p != "0" && !p.empty();
  } else if (final == U'A') {
    row_ = std::max(0, row_ - std::max(1, std::atoi(p.c_str())));
  } else if (final == U'K' && p.empty()) {
    std::fill(row.begin() + std::min(column_, columns_), row.end(), U' ');
  } else if (final == U'J' && p.empty()) {
    std::fill(row.begin() + std::min(column_, columns_), row.end(), U' ');
    for (size_t i = row_ + 1; i < cells_.size(); ++i) cells_[i].assign(columns_, U' ');
  } else if (p == "?25") {
    cursor_visible = final == U'h';
  } else if (p == "?2026") {
    synchronized = final == U'h';
  } else {
    unknown += "CSI" + p + encode_utf8(std::u32string(1, final)) + " ";
  }
}

std::string Screen::row(int index) const { return encode_utf8(trimmed(cells_[index])); }

std::string Screen::text() const {
  std::u32string all = gone_;
  for (const std::u32string& row : cells_) all += trimmed(row) + U'\n';
  return encode_utf8(all);
}

int Screen::filled_rows() const {
  return static_cast<int>(std::ranges::count_if(
      cells_, [](const std::u32string& row) { return !trimmed(row).empty(); }));
}

}  // namespace yent::test
