// A terminal as far as the program uses one: text, moves, erasing, a saved cursor. It says what is
// on the screen, and counts what it does not know.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace yent::test {

class Screen {
 public:
  Screen(int columns, int rows) : columns_(columns), cells_(rows, std::u32string(columns, U' ')) {}

  void write(std::string_view utf8);

  // A row without the spaces at its end.
  std::string row(int index) const;
  // All rows, those that scrolled away first.
  std::string text() const;
  int filled_rows() const;
  int cursor_row() const { return row_; }
  int cursor_column() const { return column_; }
  bool cursor_visible = true, synchronized = false;
  bool styled = false;  // the last colours were not reset
  std::string unknown;

 private:
  void put(char32_t c);
  void line_feed();
  size_t escape(std::u32string_view rest);
  void control(std::u32string_view parameters, char32_t final);

  int columns_;
  std::vector<std::u32string> cells_;
  std::u32string gone_;
  int row_ = 0, column_ = 0, saved_row_ = 0, saved_column_ = 0;
};

}  // namespace yent::test
