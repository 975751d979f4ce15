#include "engine/ascii/protocols/sixel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

namespace yent {
namespace {

using Colour = std::array<uint8_t, 3>;

// Colours that stand for all: the box of colours that is longest is cut at its median, until there
// are as many boxes as wanted; each box gives its mean.
std::vector<Colour> palette_of(const Image& image, int count) {
  std::vector<Colour> colours;
  const size_t pixels = image.rgb.size() / 3, step = std::max<size_t>(1, pixels / 8192);
  for (size_t i = 0; i < pixels; i += step) {
    colours.push_back({image.rgb[3 * i], image.rgb[3 * i + 1], image.rgb[3 * i + 2]});
  }
  struct Box {
    size_t begin, end;
    int side = 0, length = 0;  // the longest
  };
  const auto measured = [&](size_t begin, size_t end) {
    Box box{begin, end};
    for (int c = 0; c < 3; ++c) {
      const auto [low, high] =
          std::minmax_element(colours.begin() + begin, colours.begin() + end,
                              [c](const Colour& a, const Colour& b) { return a[c] < b[c]; });
      const int length = (*high)[c] - (*low)[c];
      if (length > box.length) box.side = c, box.length = length;
    }
    return box;
  };
  std::vector<Box> boxes{measured(0, colours.size())};
  while (static_cast<int>(boxes.size()) < count) {
    const auto longest =
        std::ranges::max_element(boxes, {}, [](const Box& box) { return box.length; });
    if (longest->length == 0) break;
    const Box box = *longest;
    const size_t middle = (box.begin + box.end) / 2;
    std::nth_element(
        colours.begin() + box.begin, colours.begin() + middle, colours.begin() + box.end,
        [&box](const Colour& a, const Colour& b) { return a[box.side] < b[box.side]; });
    *longest = measured(box.begin, middle);
    boxes.push_back(measured(middle, box.end));
  }
  std::vector<Colour> palette;
  for (const Box& box : boxes) {
    std::array<size_t, 3> sum{};
    for (size_t i = box.begin; i < box.end; ++i) {
      for (int c = 0; c < 3; ++c) sum[c] += colours[i][c];
    }
    Colour mean;
    for (int c = 0; c < 3; ++c) mean[c] = static_cast<uint8_t>(sum[c] / (box.end - box.begin));
    palette.push_back(mean);
  }
  return palette;
}

// Finds the nearest colour of a palette, once for all colours that share five bits a channel.
class Nearest {
 public:
  explicit Nearest(const std::vector<Colour>& palette) : palette_(palette), known_(1 << 15, -1) {}

  int operator()(const std::array<int, 3>& colour) {
    int16_t& known = known_[(colour[0] >> 3) << 10 | (colour[1] >> 3) << 5 | colour[2] >> 3];
    if (known >= 0) return known;
    int best = 1 << 30;
    for (size_t i = 0; i < palette_.size(); ++i) {
      int distance = 0;
      for (int c = 0; c < 3; ++c) {
        distance += (palette_[i][c] - colour[c]) * (palette_[i][c] - colour[c]);
      }
      if (distance < best) best = distance, known = static_cast<int16_t>(i);
    }
    return known;
  }

 private:
  const std::vector<Colour>& palette_;
  std::vector<int16_t> known_;
};

// The number of each pixel's colour.
std::vector<uint8_t> dithered(const Image& image, const std::vector<Colour>& palette) {
  Nearest nearest(palette);
  const int width = image.width;
  std::vector<uint8_t> numbers(static_cast<size_t>(width) * image.height);
  // Sixteenths, of this row and the next, with a pixel on either side.
  std::vector<int> now(3 * (static_cast<size_t>(width) + 2)), next(now.size());
  for (int y = 0; y < image.height; ++y) {
    std::ranges::fill(next, 0);
    for (int x = 0; x < width; ++x) {
      std::array<int, 3> wanted;
      for (int c = 0; c < 3; ++c) {
        wanted[c] = std::clamp(image.pixel(x, y)[c] + now[3 * (x + 1) + c] / 16, 0, 255);
      }
      const int number = nearest(wanted);
      numbers[static_cast<size_t>(y) * width + x] = static_cast<uint8_t>(number);
      for (int c = 0; c < 3; ++c) {
        const int error = wanted[c] - palette[number][c];
        now[3 * (x + 2) + c] += 7 * error;
        next[3 * x + c] += 3 * error;
        next[3 * (x + 1) + c] += 5 * error;
        next[3 * (x + 2) + c] += error;
      }
    }
    std::swap(now, next);
  }
  return numbers;
}

void append_run(std::string& out, char sixel, int length) {
  if (length > 3) {
    fmt::format_to(std::back_inserter(out), "!{}{}", length, sixel);
  } else {
    out.append(length, sixel);
  }
}

// Six rows: for each colour that they have, the bits of every column; $ goes back to the first.
void append_band(std::string& out, const Image& image, const std::vector<uint8_t>& numbers, int y) {
  const int width = image.width, rows = std::min(6, image.height - y);
  std::array<std::vector<uint8_t>, 256> bits;
  for (int row = 0; row < rows; ++row) {
    for (int x = 0; x < width; ++x) {
      std::vector<uint8_t>& of = bits[numbers[static_cast<size_t>(y + row) * width + x]];
      if (of.empty()) of.resize(width);
      of[x] |= 1 << row;
    }
  }
  bool first = true;
  for (size_t colour = 0; colour < bits.size(); ++colour) {
    const std::vector<uint8_t>& of = bits[colour];
    if (of.empty()) continue;
    if (!first) out += '$';
    first = false;
    fmt::format_to(std::back_inserter(out), "#{}", colour);
    for (int x = 0, begin = 0; x < width; begin = x) {
      while (x < width && of[x] == of[begin]) ++x;
      if (x < width || of[begin] != 0)
        append_run(out, static_cast<char>('?' + of[begin]), x - begin);
    }
  }
}

}  // namespace

std::string sixel(const Image& image, int colours) {
  const std::vector<Colour> palette = palette_of(image, std::clamp(colours, 2, 256));
  const std::vector<uint8_t> numbers = dithered(image, palette);
  // Pixels are square, and what no colour covers stays as it was.
  std::string out = fmt::format("\x1bP0;1;0q\"1;1;{};{}", image.width, image.height);
  for (size_t i = 0; i < palette.size(); ++i) {
    const auto percent = [&](int c) { return (palette[i][c] * 100 + 127) / 255; };
    fmt::format_to(std::back_inserter(out), "#{};2;{};{};{}", i, percent(0), percent(1),
                   percent(2));
  }
  for (int y = 0; y < image.height; y += 6) {
    append_band(out, image, numbers, y);
    if (y + 6 < image.height) out += '-';
  }
  return out + "\x1b\\";
}

}  // namespace yent
