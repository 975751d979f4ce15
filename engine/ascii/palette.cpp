#include "engine/ascii/palette.h"

#include <algorithm>
#include <vector>

namespace yent {

namespace {

constexpr int steps[] = {0, 95, 135, 175, 215, 255};

// Of each error this share goes on. The rest is dropped, so that what is nearly grey stays quiet:
// there a few cells of full colour would be seen as specks.
constexpr int kept_percent = 95;

using Error = std::array<int, 3>;  // in sixteenths

// Spreads the errors of one layer: of all inks, or of all grounds.
class Diffusion {
 public:
  explicit Diffusion(int columns) : here_(columns + 2), below_(columns + 2) {}

  // The colour of the palette for the cell; `direction` is 1 from left to right, else -1.
  Rgb operator()(const Rgb& wanted, int column, int direction) {
    Rgb aim;
    const int at = column + 1;
    for (int c = 0; c < 3; ++c) {
      aim[c] = static_cast<uint8_t>(std::clamp(wanted[c] + here_[at][c] / 16, 0, 255));
    }
    const Rgb found = palette_colour(indexed_colour(aim));
    for (int c = 0; c < 3; ++c) {
      const int error = (aim[c] - found[c]) * kept_percent / 100;
      here_[at + direction][c] += 7 * error;
      below_[at - direction][c] += 3 * error;
      below_[at][c] += 5 * error;
      below_[at + direction][c] += error;
    }
    return found;
  }

  void next_row() {
    here_.swap(below_);
    std::ranges::fill(below_, Error());
  }

 private:
  std::vector<Error> here_, below_;  // with a margin on both sides
};

}  // namespace

int indexed_colour(const Rgb& colour) {
  const auto squared = [](int a, int b) { return (a - b) * (a - b); };
  int index = 16, cube_distance = 0, sum = 0;
  for (int c = 0, weight = 36; c < 3; ++c, weight /= 6) {
    int best = 0;
    for (int s = 1; s < 6; ++s) {
      if (squared(steps[s], colour[c]) < squared(steps[best], colour[c])) best = s;
    }
    index += best * weight;
    cube_distance += squared(steps[best], colour[c]);
    sum += colour[c];
  }
  const int grey_step = std::clamp((sum / 3 - 8 + 5) / 10, 0, 23);  // 8, 18, ... 238
  int grey_distance = 0;
  for (int c = 0; c < 3; ++c) grey_distance += squared(8 + 10 * grey_step, colour[c]);
  return grey_distance < cube_distance ? 232 + grey_step : index;
}

Rgb palette_colour(int index) {
  const auto byte = [](int value) { return static_cast<uint8_t>(value); };
  if (index >= 232) {
    const uint8_t grey = byte(8 + 10 * (index - 232));
    return {grey, grey, grey};
  }
  const int cube = index - 16;
  return {byte(steps[cube / 36]), byte(steps[cube / 6 % 6]), byte(steps[cube % 6])};
}

AsciiArt dithered(const AsciiArt& art) {
  AsciiArt out = art;
  Diffusion inks(art.columns), papers(art.columns);
  for (int row = 0; row < art.rows; ++row) {
    const int direction = row % 2 == 0 ? 1 : -1;
    for (int i = 0; i < art.columns; ++i) {
      const int column = direction > 0 ? i : art.columns - 1 - i;
      AsciiCell& cell = out.cells[static_cast<size_t>(row) * art.columns + column];
      cell.paper = papers(cell.paper, column, direction);
      if (cell.glyph != U' ') cell.ink = inks(cell.ink, column, direction);
    }
    inks.next_row();
    papers.next_row();
  }
  return out;
}

}  // namespace yent
