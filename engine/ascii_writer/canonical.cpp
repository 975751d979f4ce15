#include "engine/ascii_writer/canonical.h"

#include <algorithm>
#include <utility>

#include "engine/ascii_writer/vocabulary.h"
#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent::art {
namespace {

// Characters that many drawings have in place of one of the vocabulary.
constexpr std::pair<char32_t, char32_t> kLookAlikes[] = {
    {U'\u00a0', U' '}, {U'\u00ad', U'-'}, {U'\u02c6', U'^'},      {U'\u02dc', U'~'},
    {U'\u2010', U'-'}, {U'\u2011', U'-'}, {U'\u2012', U'-'},      {U'\u2013', U'-'},
    {U'\u2014', U'-'}, {U'\u2015', U'-'}, {U'\u2018', U'\''},     {U'\u2019', U'\''},
    {U'\u201c', U'"'}, {U'\u201d', U'"'}, {U'\u2022', U'\u00b7'}, {U'\u2032', U'\''},
    {U'\u2033', U'"'}, {U'\u2044', U'/'}, {U'\u2212', U'-'},
};

constexpr size_t kTab = 8;

char32_t look_alike(char32_t c) {
  for (const auto& [from, to] : kLookAlikes) {
    if (c == from) return to;
  }
  return c;
}

std::vector<std::u32string> split(std::u32string_view text) {
  std::vector<std::u32string> rows;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(U'\n', begin), text.size());
    std::u32string_view row = text.substr(begin, end - begin);
    if (row.ends_with(U'\r')) row.remove_suffix(1);
    rows.emplace_back(row);
    begin = end + 1;
  }
  return rows;
}

// A row in characters of the vocabulary, without spaces at its end.
std::u32string clean(const std::u32string& row, size_t number, const std::string& where) {
  std::u32string out;
  for (char32_t c : row) {
    if (c == U'\t') {
      out.resize((out.size() / kTab + 1) * kTab, U' ');
      continue;
    }
    c = look_alike(c);
    if (token_of(c) == kUnknown) {
      throw file_error("{}: line {} has U+{:04X}, which drawings do not have", where, number,
                       static_cast<uint32_t>(c));
    }
    out.push_back(c);
  }
  out.erase(out.find_last_not_of(U' ') + 1);
  return out;
}

void trim_border(std::vector<std::u32string>& rows) {
  const auto has_ink = [](const std::u32string& row) { return !row.empty(); };
  rows.erase(rows.begin(), std::ranges::find_if(rows, has_ink));
  while (!rows.empty() && rows.back().empty()) rows.pop_back();
  size_t indentation = std::u32string::npos;
  for (const std::u32string& row : rows) {
    if (has_ink(row)) indentation = std::min(indentation, row.find_first_not_of(U' '));
  }
  for (std::u32string& row : rows) row.erase(0, std::min(indentation, row.size()));
}

}  // namespace

std::string canonical(std::string_view utf8, const std::string& where) {
  std::u32string decoded = decode_utf8(utf8);
  if (encode_utf8(decoded) != utf8) throw file_error("{}: not valid UTF-8", where);
  if (decoded.starts_with(U'\ufeff')) decoded.erase(0, 1);
  std::vector<std::u32string> rows = split(to_nfc(decoded));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = clean(rows[i], i + 1, where);
  trim_border(rows);
  if (rows.empty()) throw file_error("{}: a drawing without a character", where);
  size_t width = 0;
  for (const std::u32string& row : rows) width = std::max(width, row.size());
  if (width > kMaxSide || rows.size() > kMaxSide) {
    throw file_error("{}: {} columns by {} rows, expected at most {} by {}", where, width,
                     rows.size(), kMaxSide, kMaxSide);
  }
  std::string text;
  for (const std::u32string& row : rows) text += encode_utf8(row) + "\n";
  return text;
}

Drawing drawing_of(std::string_view canonical_text) {
  Drawing drawing{.rows = split(decode_utf8(canonical_text))};
  drawing.rows.pop_back();  // behind the last newline
  size_t width = 0;
  for (const std::u32string& row : drawing.rows) width = std::max(width, row.size());
  for (std::u32string& row : drawing.rows) row.resize(width, U' ');
  drawing.width = static_cast<int>(width);
  drawing.height = static_cast<int>(drawing.rows.size());
  return drawing;
}

}  // namespace yent::art
