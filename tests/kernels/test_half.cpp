#include <doctest/doctest.h>

#include <cmath>

#include "kernels/half.h"

TEST_CASE("half: every f16 survives a round trip") {
  for (uint32_t h = 0; h < 0x10000; ++h) {
    const float f = yent::f16_to_f32(static_cast<uint16_t>(h));
    if (std::isnan(f)) {
      CHECK(std::isnan(yent::f16_to_f32(yent::f32_to_f16(f))));
    } else {
      REQUIRE(yent::f32_to_f16(f) == h);
    }
  }
}

TEST_CASE("half: f16 values and rounding are IEEE's") {
  CHECK(yent::f16_to_f32(0x3c00) == 1.0f);
  CHECK(yent::f16_to_f32(0x0001) == 0x1p-24f);
  CHECK(yent::f16_to_f32(0xfbff) == -65504.0f);
  CHECK(yent::f32_to_f16(65519.0f) == 0x7bff);
  CHECK(yent::f32_to_f16(65520.0f) == 0x7c00);
  CHECK(yent::f32_to_f16(1.0f + 0x1p-11f) == 0x3c00);  // half way, to even
  CHECK(yent::f32_to_f16(1.0f + 0x1p-11f + 0x1p-20f) == 0x3c01);
  CHECK(yent::f32_to_f16(0x1p-25f) == 0);  // half way to the least
  CHECK(yent::f32_to_f16(0x1.8p-24f) == 2);
}

TEST_CASE("half: bf16 rounds to nearest even") {
  CHECK(yent::f32_to_bf16(1.0f) == 0x3f80);
  CHECK(yent::f32_to_bf16(1.0f + 0x1p-8f) == 0x3f80);
  CHECK(yent::f32_to_bf16(1.0f + 0x1.8p-7f) == 0x3f82);
  CHECK(std::isnan(yent::bf16_to_f32(yent::f32_to_bf16(std::nanf("")))));
}
