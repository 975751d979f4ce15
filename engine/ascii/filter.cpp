#include "engine/ascii/filter.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "engine/ascii/font.h"
#include "engine/ascii/shape.h"
#include "kernels/error.h"

namespace yent {

namespace {

// The first pixel of cell i of n along a length; neighbours share edges, cell n begins at length.
int edge(int i, int n, int length) {
  return static_cast<int>(static_cast<int64_t>(i) * length / n);
}

struct Sums {
  int64_t r = 0, g = 0, b = 0, pixels = 0;
};

Sums sum_of(const Image& image, int x0, int x1, int y0, int y1) {
  Sums s;
  for (int y = y0; y < y1; ++y) {
    const uint8_t* p = image.pixel(x0, y);
    for (int x = x0; x < x1; ++x, p += 3) {
      s.r += p[0];
      s.g += p[1];
      s.b += p[2];
    }
  }
  s.pixels = static_cast<int64_t>(x1 - x0) * (y1 - y0);
  return s;
}

std::vector<Sums> sums_of_cells(const Image& image, int columns, int rows) {
  std::vector<Sums> cells;
  cells.reserve(static_cast<size_t>(columns) * rows);
  for (int row = 0; row < rows; ++row) {
    const int y0 = edge(row, rows, image.height);
    const int y1 = std::max(y0 + 1, edge(row + 1, rows, image.height));
    for (int column = 0; column < columns; ++column) {
      const int x0 = edge(column, columns, image.width);
      const int x1 = std::max(x0 + 1, edge(column + 1, columns, image.width));
      cells.push_back(sum_of(image, x0, x1, y0, y1));
    }
  }
  return cells;
}

// In thousandths, 0 to 255000.
int64_t luminance(const Sums& s) { return (299 * s.r + 587 * s.g + 114 * s.b) / s.pixels; }

double boost_of(const Sums& s, double boost) {
  if (boost <= 1) return boost;
  const auto largest = static_cast<double>(std::max({s.r, s.g, s.b}));
  return boost / (1 + (boost - 1) * largest / (255.0 * static_cast<double>(s.pixels)));
}

// The luminances that the levels of a charset divide evenly: from low on, `range` of them.
struct Tones {
  int64_t low = 0, range = 256'000;
};

Tones stretched(const std::vector<Sums>& cells) {
  constexpr int64_t least_range = 64'000;
  std::vector<int64_t> sorted;
  for (const Sums& s : cells) sorted.push_back(luminance(s));
  std::sort(sorted.begin(), sorted.end());
  const size_t hundredth = sorted.size() / 100;
  int64_t low = sorted[hundredth], high = sorted[sorted.size() - 1 - hundredth] + 1;
  if (high - low < least_range) {
    low = std::clamp((low + high - least_range) / 2, int64_t{0}, 256'000 - least_range);
    high = low + least_range;
  }
  return {low, high - low};
}

std::u32string glyphs_by_level(const std::vector<Sums>& cells, const Tones& tones,
                               const AsciiOptions& options) {
  const auto levels = static_cast<int64_t>(options.charset.size());
  std::u32string glyphs;
  glyphs.reserve(cells.size());
  for (const Sums& s : cells) {
    const int64_t level =
        std::clamp<int64_t>((luminance(s) - tones.low) * levels / tones.range, 0, levels - 1);
    glyphs.push_back(options.charset[options.invert ? levels - 1 - level : level]);
  }
  return glyphs;
}

std::u32string glyphs_by_shape(const Image& image, int columns, int rows, const Tones& tones,
                               const AsciiOptions& options) {
  std::array<uint8_t, 256> light;
  for (int v = 0; v < 256; ++v) {
    const int64_t level = std::clamp<int64_t>((v * 1000 - tones.low) * 256 / tones.range, 0, 255);
    light[v] = static_cast<uint8_t>(options.invert ? 255 - level : level);
  }
  std::vector<Shape> shapes = shapes_of(image, columns, rows, light);
  sharpen(shapes, columns, rows);
  const ShapeTable table(options.charset);
  std::u32string glyphs;
  glyphs.reserve(shapes.size());
  for (const Shape& shape : shapes) glyphs.push_back(table.nearest(shape));
  return glyphs;
}

Rgb scaled(const Sums& s, double factor) {
  const auto channel = [&](int64_t sum) {
    const double value = static_cast<double>(sum) / static_cast<double>(s.pixels) * factor;
    return static_cast<uint8_t>(std::lround(std::min(value, 255.0)));
  };
  return {channel(s.r), channel(s.g), channel(s.b)};
}

// The share of each pixel of a width x height cell that a glyph covers, 0 to 255.
std::vector<uint8_t> coverage(const Glyph& glyph, int width, int height) {
  // Along an axis, pixel i covers [i * n, (i + 1) * n) where glyph pixel g covers
  // [g * length, (g + 1) * length): whole numbers, so that the areas are exact.
  const auto overlap = [](int i, int n, int g, int length) {
    return std::max(0, std::min((i + 1) * n, (g + 1) * length) - std::max(i * n, g * length));
  };
  std::vector<uint8_t> covered(static_cast<size_t>(width) * height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      int area = 0;
      for (int gy = 0; gy < glyph_height; ++gy) {
        const int tall = overlap(y, glyph_height, gy, height);
        if (tall == 0) continue;
        for (int gx = 0; gx < glyph_width; ++gx) {
          if (glyph[gy] >> (glyph_width - 1 - gx) & 1) {
            area += tall * overlap(x, glyph_width, gx, width);
          }
        }
      }
      const int whole = glyph_width * glyph_height;
      covered[static_cast<size_t>(y) * width + x] =
          static_cast<uint8_t>((area * 255 + whole / 2) / whole);
    }
  }
  return covered;
}

}  // namespace

int ascii_rows(int columns, int width, int height) {
  const double aspect = static_cast<double>(height) / width;
  const double cell_aspect = static_cast<double>(glyph_width) / glyph_height;
  const double rows = std::max(1.0, std::round(columns * aspect * cell_aspect));
  constexpr double max_cells = 16'000'000;
  if (rows * columns > max_cells) {
    throw usage_error("{}x{} pixels in {} columns are {:.0f} rows, expected at most {:.0f} cells",
                      width, height, columns, rows, max_cells);
  }
  return static_cast<int>(rows);
}

AsciiArt draw_ascii(const Image& image, const AsciiOptions& options) {
  ENSURE(image.width > 0 && image.height > 0 && options.columns > 0 && !options.charset.empty(),
         "draw_ascii: {}x{} in {} columns of {} levels", image.width, image.height, options.columns,
         options.charset.size());
  AsciiArt art;
  art.columns = options.columns;
  art.rows = ascii_rows(options.columns, image.width, image.height);
  art.colour = options.colour;
  const std::vector<Sums> sums = sums_of_cells(image, art.columns, art.rows);
  const Tones tones = options.colour ? Tones() : stretched(sums);
  const std::u32string glyphs = options.glyphs == GlyphChoice::shape
                                    ? glyphs_by_shape(image, art.columns, art.rows, tones, options)
                                    : glyphs_by_level(sums, tones, options);
  const uint8_t light = options.invert ? 0 : 255;
  art.cells.reserve(sums.size());
  for (size_t i = 0; i < sums.size(); ++i) {
    const Sums& s = sums[i];
    AsciiCell cell{.glyph = glyphs[i]};
    if (options.colour) {
      cell.ink = scaled(s, boost_of(s, options.boost));
      cell.paper = scaled(s, options.fill);
    } else {
      cell.ink.fill(light);
      cell.paper.fill(static_cast<uint8_t>(255 - light));
    }
    art.cells.push_back(cell);
  }
  return art;
}

int readable_columns(int width, int columns) {
  constexpr int least_cell_width = 5;
  return std::clamp(columns, 1, std::max(1, width / least_cell_width));
}

Image paint_ascii(const AsciiArt& art, int width, int height) {
  Image out(width, height);
  // A charset has few glyphs and cells have at most four sizes.
  std::map<std::tuple<char32_t, int, int>, std::vector<uint8_t>> stamps;
  for (int row = 0; row < art.rows; ++row) {
    const int y0 = edge(row, art.rows, height), y1 = edge(row + 1, art.rows, height);
    for (int column = 0; column < art.columns; ++column) {
      const int x0 = edge(column, art.columns, width), x1 = edge(column + 1, art.columns, width);
      const AsciiCell& cell = art.at(column, row);
      std::vector<uint8_t>& stamp = stamps[{cell.glyph, x1 - x0, y1 - y0}];
      if (stamp.empty()) stamp = coverage(glyph(cell.glyph), x1 - x0, y1 - y0);
      const uint8_t* covered = stamp.data();
      for (int y = y0; y < y1; ++y) {
        for (int x = x0; x < x1; ++x, ++covered) {
          for (int c = 0; c < 3; ++c) {
            const int mixed = cell.ink[c] * *covered + cell.paper[c] * (255 - *covered);
            out.pixel(x, y)[c] = static_cast<uint8_t>((mixed + 127) / 255);
          }
        }
      }
    }
  }
  return out;
}

Image paint_ascii(const AsciiArt& art, int scale) {
  return paint_ascii(art, art.columns * glyph_width * scale, art.rows * glyph_height * scale);
}

}  // namespace yent
