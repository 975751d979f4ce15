#include "engine/ascii/blend/score.h"

#include <algorithm>
#include <cmath>

#include "kernels/portable_math.h"

namespace yent {
namespace {

// Numbers on a grid, row by row.
struct Map {
  int width = 0, height = 0;
  std::vector<float> values;

  Map(int w, int h) : width(w), height(h), values(static_cast<size_t>(w) * h) {}
  float& at(int x, int y) { return values[static_cast<size_t>(y) * width + x]; }
  float at(int x, int y) const { return values[static_cast<size_t>(y) * width + x]; }
};

Map luminance_of(const Image& image) {
  Map map(image.width, image.height);
  for (size_t i = 0; i < map.values.size(); ++i) {
    map.values[i] = luminance(image.rgb.data() + 3 * i);
  }
  return map;
}

// 0 on the border, whose pixels lack a neighbour.
Map gradient_of(const Map& lum) {
  Map magnitude(lum.width, lum.height);
  for (int y = 1; y + 1 < lum.height; ++y) {
    for (int x = 1; x + 1 < lum.width; ++x) {
      const double gx = lum.at(x + 1, y) - lum.at(x - 1, y);
      const double gy = lum.at(x, y + 1) - lum.at(x, y - 1);
      magnitude.at(x, y) = static_cast<float>(std::sqrt(gx * gx + gy * gy));
    }
  }
  return magnitude;
}

struct Block {
  double variance = 0, mean_luminance = 0;
};

Block block_at(const Map& lum, const Map& gradient, int column, int row, int side) {
  double sum = 0, squares = 0, light = 0;
  for (int y = row * side; y < (row + 1) * side; ++y) {
    for (int x = column * side; x < (column + 1) * side; ++x) {
      const double g = gradient.at(x, y);
      sum += g;
      squares += g * g;
      light += lum.at(x, y);
    }
  }
  const double count = static_cast<double>(side) * side;
  return {squares / count - sum / count * (sum / count), light / count};
}

// The score of each whole block; empty where all are 0.
Map block_scores(const Image& image, const BlendOptions& o) {
  const Map lum = luminance_of(image), gradient = gradient_of(lum);
  Map scores(image.width / o.block, image.height / o.block);
  std::vector<Block> blocks;
  std::vector<double> lit;
  for (int row = 0; row < scores.height; ++row) {
    for (int column = 0; column < scores.width; ++column) {
      blocks.push_back(block_at(lum, gradient, column, row, o.block));
      if (blocks.back().mean_luminance > o.lit) lit.push_back(blocks.back().variance);
    }
  }
  if (lit.empty()) return {0, 0};
  std::ranges::sort(lit);
  const auto at_share = [&](double share) {
    return lit[static_cast<size_t>(share * static_cast<double>(lit.size() - 1))];
  };
  const double low = at_share(o.low), high = at_share(o.high);
  if (high <= low) return {0, 0};
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].mean_luminance <= o.lit) continue;
    const double share = (blocks[i].variance - low) / (high - low);
    scores.values[i] = static_cast<float>(1 - std::clamp(share, 0.0, 1.0));
  }
  return scores;
}

// Bilinear, with the centres of the corners on the corners.
Map enlarge(const Map& from, int width, int height) {
  const auto position = [](int i, int source, int target) {
    return target > 1 ? static_cast<double>(i) * (source - 1) / (target - 1) : 0.0;
  };
  Map to(width, height);
  for (int y = 0; y < height; ++y) {
    const double fy = position(y, from.height, height);
    const int y0 = static_cast<int>(fy), y1 = std::min(y0 + 1, from.height - 1);
    for (int x = 0; x < width; ++x) {
      const double fx = position(x, from.width, width);
      const int x0 = static_cast<int>(fx), x1 = std::min(x0 + 1, from.width - 1);
      const double right = fx - x0, down = fy - y0;
      const double top = from.at(x0, y0) * (1 - right) + from.at(x1, y0) * right;
      const double bottom = from.at(x0, y1) * (1 - right) + from.at(x1, y1) * right;
      to.at(x, y) = static_cast<float>(top * (1 - down) + bottom * down);
    }
  }
  return to;
}

// A box blur along one line of `count` numbers, `step` apart: the mean of those within `radius`.
void blur_line(float* line, int count, size_t step, int radius, std::vector<double>& sums) {
  sums.assign(1, 0);
  for (int i = 0; i < count; ++i) sums.push_back(sums.back() + line[i * step]);
  for (int i = 0; i < count; ++i) {
    const int first = std::max(0, i - radius), end = std::min(count, i + radius + 1);
    line[i * step] = static_cast<float>((sums[end] - sums[first]) / (end - first));
  }
}

void blur(Map& map, int radius) {
  std::vector<double> sums;
  for (int y = 0; y < map.height; ++y) blur_line(&map.at(0, y), map.width, 1, radius, sums);
  const auto row = static_cast<size_t>(map.width);
  for (int x = 0; x < map.width; ++x) blur_line(&map.at(x, 0), map.height, row, radius, sums);
}

}  // namespace

std::vector<float> artifact_scores(const Image& image, const BlendOptions& options) {
  const Map blocks = block_scores(image, options);
  if (blocks.values.empty()) return std::vector<float>(image.rgb.size() / 3);
  Map scores = enlarge(blocks, image.width, image.height);
  for (int i = 0; i < options.blurs; ++i) blur(scores, options.blur);
  for (float& score : scores.values) {
    score = static_cast<float>(portable::pow(score, options.power));
  }
  return std::move(scores.values);
}

}  // namespace yent
