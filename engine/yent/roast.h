// The roast: what the other Yent says to the person while the first one paints, and where it ends.
#pragma once

#include <string>
#include <string_view>

namespace yent {

class Roast {
 public:
  // Takes the next decoded piece of text. False when the roast is complete: a newline came after
  // more than 10 bytes, or it is longer than 300 bytes. Quotation marks do not end it.
  bool take(std::string_view piece);

  // On one line; may be empty.
  std::string text() const;

 private:
  std::string raw_;
};

}  // namespace yent
