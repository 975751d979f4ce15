// The detail of a reaction: what the language model says after the starter, and when it has said
// enough. Small models do not know where to end, so rules end for them.
#pragma once

#include <string>
#include <string_view>

namespace yent {

class Detail {
 public:
  // Takes the next decoded piece of text, which may end inside a UTF-8 sequence. False when the
  // detail is complete: the piece held a newline or a quotation mark (it is dropped), or the text
  // is longer than 15 bytes and ends in '.', '!' or ',', or it has reached 512 bytes.
  bool take(std::string_view piece);

  // Without white space around it, without `.,;:!?` at its end and without malformed UTF-8; may
  // be empty.
  std::string text() const;

 private:
  std::string raw_;
};

// What a model said, without malformed UTF-8, with spaces instead of control characters, and
// without white space around it.
std::string presentable(std::string_view raw);

// `text` without trailing white space and `.,;:!?`.
std::string_view without_end_marks(std::string_view text);

}  // namespace yent
