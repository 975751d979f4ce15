// What a terminal answers when it is asked about itself, read from its bytes.
#pragma once

#include <string>
#include <string_view>

namespace yent {

// The numbers of the pictures in kitty's protocol, by which its answers are told apart.
struct KittyIds {
  unsigned probe, animation, picture;
};
constexpr KittyIds kKittyIds = {1867001, 1867002, 1867003};

struct TerminalReplies {
  bool attributes = false;  // DA1: whatever was asked before it is answered by now, or never
  bool sixel = false;       // DA1 names it
  std::string name;         // XTVERSION
  bool synchronized = false;
  int sixel_width = 0, sixel_height = 0, sixel_colours = 0;  // 0: not told
  bool kitty = false, kitty_edits = false;
  int cursor_row = 0, cursor_column = 0;  // from 1; 0: not told
};

// Takes the bytes as they come. What is no answer (keys that were typed) is dropped.
class ReplyReader {
 public:
  void feed(std::string_view bytes);
  const TerminalReplies& replies() const { return replies_; }
  // The next DA1 and cursor are new ones.
  void expect_more() { replies_.attributes = false, replies_.cursor_row = 0; }

 private:
  bool take_one();
  void control_sequence(std::string_view body, char final);
  void string_sequence(char kind, std::string_view body);

  std::string bytes_;
  TerminalReplies replies_;
};

}  // namespace yent
