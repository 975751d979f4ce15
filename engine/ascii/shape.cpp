#include "engine/ascii/shape.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ascii/font.h"
#include "kernels/error.h"

namespace yent {

namespace {

constexpr int zone_count = 6;

// Rows of the font where the three zones of a side begin and end.
constexpr int left_edges[] = {1, 6, 11, 16}, right_edges[] = {0, 5, 10, 15};

const int* edges_of(int zone) { return (zone % 2 == 0 ? left_edges : right_edges) + zone / 2; }

Shape shape_of(const Glyph& glyph) {
  Shape shape;
  for (int zone = 0; zone < zone_count; ++zone) {
    const int *edge = edges_of(zone), half = glyph_width / 2;
    int ink = 0;
    for (int y = edge[0]; y < edge[1]; ++y) {
      for (int x = 0; x < half; ++x) {
        ink += glyph[y] >> (glyph_width - 1 - x - zone % 2 * half) & 1;
      }
    }
    shape[zone] = static_cast<uint8_t>(ink * 255 / (half * (edge[1] - edge[0])));
  }
  return shape;
}

// A place between pixels: the sum up to it is that up to pixel `index` and `part` of the pixel.
struct Place {
  int index;
  double part;
};

Place place(double at, int length) {
  const int index = std::min(static_cast<int>(at), length - 1);
  return {index, at - index};
}

// Sums of light over all rectangles from the upper left corner; between pixels they are bilinear,
// which is the share of the pixels cut.
class Light {
 public:
  Light(const Image& image, const std::array<uint8_t, 256>& tones)
      : stride_(image.width + 1), sums_(static_cast<size_t>(stride_) * (image.height + 1)) {
    for (int y = 0; y < image.height; ++y) {
      const uint8_t* p = image.pixel(0, y);
      const double* above = &sums_[static_cast<size_t>(y) * stride_];
      double* here = &sums_[static_cast<size_t>(y + 1) * stride_];
      int64_t row = 0;
      for (int x = 0; x < image.width; ++x, p += 3) {
        row += tones[(299 * p[0] + 587 * p[1] + 114 * p[2]) / 1000];
        here[x + 1] = above[x + 1] + static_cast<double>(row);
      }
    }
  }

  double up_to(const Place& x, const Place& y) const {
    const double* upper = &sums_[static_cast<size_t>(y.index) * stride_ + x.index];
    const double* lower = upper + stride_;
    const double a = upper[0] + (upper[1] - upper[0]) * x.part;
    const double b = lower[0] + (lower[1] - lower[0]) * x.part;
    return a + (b - a) * y.part;
  }

 private:
  int stride_;
  std::vector<double> sums_;  // whole numbers below 2^53
};

// What becomes of a share, of 255: it falls, and the further the smaller it is.
using Curve = std::array<uint8_t, 256>;

template <class Rule>
Curve curve(Rule rule) {
  Curve c;
  for (int i = 0; i < 256; ++i) c[i] = static_cast<uint8_t>(255 * rule(i / 255.0) + 0.5);
  return c;
}

uint8_t bent(int value, int whole, const Curve& c) {
  return whole == 0 ? 0 : static_cast<uint8_t>((c[255 * value / whole] * whole + 127) / 255);
}

// A zone of another cell, by the distance of the cell in columns and rows.
struct Neighbour {
  int column, row, zone;
};

// clang-format off
constexpr Neighbour neighbours[zone_count][3] = {
    {{-1, 0, 1}, {0, -1, 4}, {-1, -1, 5}},
    {{1, 0, 0}, {0, -1, 5}, {1, -1, 4}},
    {{-1, 0, 3}, {-1, 0, 3}, {-1, 0, 3}},
    {{1, 0, 2}, {1, 0, 2}, {1, 0, 2}},
    {{-1, 0, 5}, {0, 1, 0}, {-1, 1, 1}},
    {{1, 0, 4}, {0, 1, 1}, {1, 1, 0}},
};
// clang-format on

}  // namespace

std::vector<Shape> shapes_of(const Image& image, int columns, int rows,
                             const std::array<uint8_t, 256>& tones) {
  const Light light(image, tones);
  const double cell_width = static_cast<double>(image.width) / columns;
  const double cell_height = static_cast<double>(image.height) / rows;
  const double area = cell_width / 2 * cell_height * 5 / glyph_height;  // of a zone
  std::vector<Shape> shapes(static_cast<size_t>(columns) * rows);
  for (int row = 0; row < rows; ++row) {
    Place y[2][4];  // of the sides, left and right
    for (int i = 0; i < 4; ++i) {
      y[0][i] = place(cell_height * (row + left_edges[i] / double{glyph_height}), image.height);
      y[1][i] = place(cell_height * (row + right_edges[i] / double{glyph_height}), image.height);
    }
    for (int column = 0; column < columns; ++column) {
      Shape& shape = shapes[static_cast<size_t>(row) * columns + column];
      for (int side = 0; side < 2; ++side) {
        const Place x0 = place(cell_width * (column + side * 0.5), image.width);
        const Place x1 = place(cell_width * (column + side * 0.5 + 0.5), image.width);
        double before = light.up_to(x1, y[side][0]) - light.up_to(x0, y[side][0]);
        for (int i = 0; i < 3; ++i) {
          const double after = light.up_to(x1, y[side][i + 1]) - light.up_to(x0, y[side][i + 1]);
          const double mean = std::clamp((after - before) / area, 0.0, 255.0);
          shape[2 * i + side] = static_cast<uint8_t>(mean + 0.5);
          before = after;
        }
      }
    }
  }
  return shapes;
}

void sharpen(std::vector<Shape>& shapes, int columns, int rows) {
  static const Curve directional = curve([](double share) { return share * share; });
  static const Curve whole = curve([](double share) { return share * std::sqrt(share); });
  const std::vector<Shape> given = shapes;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      Shape& shape = shapes[static_cast<size_t>(row) * columns + column];
      for (int zone = 0; zone < zone_count; ++zone) {
        int brightest = shape[zone];
        for (const Neighbour& n : neighbours[zone]) {
          const int c = column + n.column, r = row + n.row;
          if (c < 0 || c >= columns || r < 0 || r >= rows) continue;
          brightest = std::max<int>(brightest, given[static_cast<size_t>(r) * columns + c][n.zone]);
        }
        shape[zone] = bent(shape[zone], brightest, directional);
      }
      const int brightest = *std::ranges::max_element(shape);
      for (uint8_t& light : shape) light = bent(light, brightest, whole);
    }
  }
}

ShapeTable::ShapeTable(std::u32string_view glyphs) : glyphs_(glyphs) {
  ENSURE(!glyphs.empty(), "a table of no shapes");
  Shape most = {};
  std::vector<Shape> inks;
  for (char32_t c : glyphs) {
    inks.push_back(shape_of(glyph(c)));
    for (int z = 0; z < zone_count; ++z) most[z] = std::max(most[z], inks.back()[z]);
  }
  // The fullest zone of any glyph is full light: most glyphs leave half of a cell empty.
  for (const Shape& ink : inks) {
    std::array<float, zone_count> scaled = {};
    for (int z = 0; z < zone_count; ++z) {
      if (most[z] > 0) scaled[z] = static_cast<float>(ink[z] * 255 / most[z]);
    }
    shapes_.push_back(scaled);
  }
}

char32_t ShapeTable::nearest(const Shape& shape) const {
  size_t best = 0;
  float least = std::numeric_limits<float>::max();
  for (size_t i = 0; i < shapes_.size(); ++i) {
    float distance = 0;
    for (int z = 0; z < zone_count; ++z) {
      const float d = shapes_[i][z] - static_cast<float>(shape[z]);
      distance += d * d;
    }
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return glyphs_[best];
}

}  // namespace yent
