// A frame of an animation: rows of characters, as a terminal or a picture shows them.
#pragma once

#include <string>
#include <vector>

#include "loaders/image/image.h"

namespace yent::diffuse {

constexpr char32_t kMaskedCell = 0x2588, kNewline = 0x21B5, kLivingCell = 0x25A0;

struct Frame {
  std::string title;
  std::vector<std::u32string> rows;
};

// How an id is shown that is not masked: control characters as a dot, a newline as `newline`.
char32_t shown_as(int32_t id, char32_t newline);

std::string plain_text(const Frame& frame);

// For a terminal of this size: the last rows that fit below the title, masks and newlines dim. It
// is drawn over the frame before, without clearing.
std::string terminal_text(const Frame& frame, int columns, int rows);

// `columns` x `rows` cells of 8x16 pixels, of which the first row is the title.
Image picture(const Frame& frame, int columns, int rows);

}  // namespace yent::diffuse
