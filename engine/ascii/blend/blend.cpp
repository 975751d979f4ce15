#include "engine/ascii/blend/blend.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/ascii/blend/effects.h"
#include "engine/ascii/blend/score.h"
#include "engine/ascii/font.h"
#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "kernels/portable_math.h"
#include "loaders/io/utf8.h"

namespace yent {
namespace {

// The pixels of a cell.
struct Area {
  int x0, y0, x1, y1;
};

int edge(int i, int n, int length) {
  return static_cast<int>(static_cast<int64_t>(i) * length / n);
}

using Colour = std::array<double, 3>;

Colour mean_colour(const Image& image, const Area& a) {
  Colour sum = {};
  for (int y = a.y0; y < a.y1; ++y) {
    for (int x = a.x0; x < a.x1; ++x) {
      for (int c = 0; c < 3; ++c) sum[c] += image.pixel(x, y)[c];
    }
  }
  for (double& channel : sum) channel /= static_cast<double>(a.x1 - a.x0) * (a.y1 - a.y0);
  return sum;
}

Rgb stored(const Colour& c, double factor) {
  return {truncated_byte(c[0] * factor), truncated_byte(c[1] * factor),
          truncated_byte(c[2] * factor)};
}

char32_t level_of(const Colour& c, const std::u32string& charset) {
  const double lum = 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
  const auto level = static_cast<size_t>(lum * static_cast<double>(charset.size()) / 256);
  return charset[std::min(level, charset.size() - 1)];
}

AsciiCell word_cell(const Colour& c, char32_t glyph, const BlendOptions& o) {
  const Rgb ink = {truncated_byte(c[0] * o.word_ink * o.word_red),
                   truncated_byte(c[1] * o.word_ink),
                   truncated_byte(c[2] * o.word_ink * o.word_blue + o.word_blue_add)};
  return {glyph, ink, stored(c, o.word_paper)};
}

}  // namespace

std::u32string growing_words(std::string_view words) {
  std::u32string kept;
  for (const char32_t c : decode_utf8(words) + U" ") {
    if (is_space(c)) {
      if (!kept.empty() && kept.back() != U' ') kept.push_back(U' ');
    } else if (has_glyph(c)) {
      kept.push_back(c);
    }
  }
  return kept;
}

AsciiArt blend_layer(const Image& image, const std::vector<float>& scores, const BlendText& text,
                     const BlendOptions& o) {
  ENSURE(scores.size() == image.rgb.size() / 3 && !text.charset.empty(),
         "blend_layer: {} scores of {} pixels", scores.size(), image.rgb.size() / 3);
  AsciiArt art;
  art.columns = std::max(1, static_cast<int>(std::lround(image.width / double(o.cell))));
  art.rows = std::max(1, static_cast<int>(std::lround(image.height / (2.0 * o.cell))));
  size_t next = 0;
  for (int row = 0; row < art.rows; ++row) {
    for (int column = 0; column < art.columns; ++column) {
      const Area a{edge(column, art.columns, image.width), edge(row, art.rows, image.height),
                   edge(column + 1, art.columns, image.width),
                   edge(row + 1, art.rows, image.height)};
      const Colour colour = mean_colour(image, a);
      const size_t centre =
          static_cast<size_t>((a.y0 + a.y1) / 2) * image.width + (a.x0 + a.x1) / 2;
      if (scores[centre] > o.threshold && !text.words.empty()) {
        art.cells.push_back(word_cell(colour, text.words[next++ % text.words.size()], o));
      } else {
        art.cells.push_back(
            {level_of(colour, text.charset), stored(colour, o.ink), stored(colour, o.paper)});
      }
    }
  }
  return art;
}

Image mix_by_score(const Image& image, const Image& layer, const std::vector<float>& scores,
                   const BlendOptions& o) {
  const double mean = std::accumulate(scores.begin(), scores.end(), 0.0) /
                      static_cast<double>(std::max<size_t>(1, scores.size()));
  double most = o.most, power = o.alpha_power;
  if (mean > o.crowded) {
    most = std::max(o.floor, most - o.crowded_most * (mean - o.crowded));
    power += o.crowded_power * (mean - o.crowded);
  }
  Image out(image.width, image.height);
  for (size_t i = 0; i < scores.size(); ++i) {
    const double alpha = o.least + portable::pow(scores[i], power) * (most - o.least);
    for (size_t c = 3 * i; c < 3 * i + 3; ++c) {
      out.rgb[c] = truncated_byte(image.rgb[c] * (1 - alpha) + layer.rgb[c] * alpha);
    }
  }
  return out;
}

Image blend(const Image& image, const BlendText& text, const BlendOptions& o) {
  const std::vector<float> scores = artifact_scores(image, o);
  Image grained = image;
  add_grain(grained, o.grain, o.grain_fade, o.grain_seed);
  const Image layer = paint_ascii(blend_layer(image, scores, text, o), image.width, image.height);
  Image out = aberrated(mix_by_score(grained, layer, scores, o), o.aberration);
  darken_corners(out, o.vignette, o.vignette_power);
  add_grain(out, o.final_grain, o.grain_fade, o.final_seed);
  return out;
}

}  // namespace yent
