// Measures of pictures against numbers that were calculated elsewhere.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/measure/measures.h"
#include "engine/measure/palette.h"

using namespace yent;

namespace {

Image waves() {
  Image image(256, 256);
  for (int y = 0; y < 256; ++y) {
    for (int x = 0; x < 256; ++x) {
      uint8_t* p = image.pixel(x, y);
      p[0] = static_cast<uint8_t>(3 * x + 5 * y);
      p[1] = static_cast<uint8_t>(x * x / 64 + 2 * y);
      p[2] = static_cast<uint8_t>(x * y / 32);
    }
  }
  return image;
}

Image four_levels(Image image) {
  for (uint8_t& v : image.rgb) v = static_cast<uint8_t>(85 * (v / 64));
  return image;
}

bool near(double value, double expected, double within = 1e-6) {
  return std::abs(value - expected) <= within;
}

}  // namespace

TEST_CASE("measures: a picture against its baseline") {
  const Image p = waves(), q = four_levels(p);
  const PictureDistances d = compare(q, p);
  CHECK(near(d.psnr.value(), 18.647319));
  CHECK(near(d.mae.value(), 24.498301));
  CHECK(near(d.edge.value(), 0.100591));
  CHECK(near(d.edge_ratio.value(), 1.112812));
  CHECK(near(d.palette.value(), 23.692910, 1e-4));
  const PictureDistances none = compare(p, p);
  CHECK_FALSE(none.psnr);
  CHECK(none.mae == 0.0);
  CHECK(near(none.palette.value(), 0, 1e-9));
  CHECK_FALSE(compare(p, Image(8, 8)).mae);
}

TEST_CASE("measures: a picture alone") {
  const Image p = waves();
  const PictureMeasures a = measure(p), b = measure(four_levels(p));
  CHECK(near(a.hf_ratio, 0.044653));
  CHECK(near(b.hf_ratio, 0.035993));
  CHECK(near(a.std, 49.851082));
  CHECK(near(a.entropy, 7.642766));
  CHECK(near(b.mean, 125.574585));
  CHECK(near(a.clipped, 0.030594));
  CHECK(near(b.clipped_full, 0.868240));
  CHECK(a.flatness == 0.0);
  CHECK(near(b.flatness.value(), 0.034180));
  const PictureMeasures flat = measure(Image(13, 7));
  CHECK(flat.hf_ratio == 0);
  CHECK_FALSE(flat.flatness);
}

TEST_CASE("measures: colours in Lab, noise and codes of a layer") {
  const uint8_t red[] = {255, 0, 0};
  const LabColour lab = lab_of(red);
  CHECK(near(lab[0], 53.240792));
  CHECK(near(lab[1], 80.092470));
  CHECK(near(lab[2], 67.203193));
  const float x[] = {1, 2, -3}, q[] = {1, 2, -2};
  CHECK(near(sqnr(x, q).value(), 10 * std::log10(14.0)));
  CHECK_FALSE(sqnr(x, x));
  const int codes[] = {0, 0, 1, 3};
  const CodeUsage usage = code_usage(codes, 4);
  CHECK(usage.used == 0.75);
  CHECK(usage.ends == 0.75);
  CHECK(near(usage.eff, std::exp2(1.5) / 4));
  CHECK(near(cosine_distance(x, x).value(), 0));
}
