#include <doctest/doctest.h>

#include "engine/core/policy.h"
#include "kernels/error.h"

using namespace yent;

TEST_CASE("policy: globs") {
  CHECK(glob_match("*", ""));
  CHECK(glob_match("unet.*", "unet.conv_in"));
  CHECK(glob_match("unet.*.attentions.*", "unet.down_blocks.0.attentions.0.proj_in"));
  CHECK(glob_match("*.conv?", "unet.conv1"));
  CHECK(glob_match("a*b*c", "a__b_b__c"));
  CHECK_FALSE(glob_match("unet.conv_in", "unet.conv_in2"));
  CHECK_FALSE(glob_match("a*b*c", "a__c__b"));
  CHECK_FALSE(glob_match("", "x"));
}

TEST_CASE("policy: the first rule that matches wins, no rule is f32") {
  const Policy p = Policy::parse(
      "# first and last stay exact\n"
      "unet.conv_in  f32\n"
      "unet.*        i8   # the rest of it\n"
      "\n"
      "vae.*         bf16\n",
      "test.policy");
  CHECK(p.precision("unet.conv_in") == Precision::f32);
  CHECK(p.precision("unet.conv_out") == Precision::int8);
  CHECK(p.precision("vae.decoder.conv_in") == Precision::bf16);
  CHECK(p.precision("text_encoder.text_model.final_layer_norm") == Precision::f32);
}

TEST_CASE("policy: mistakes are named with their line") {
  CHECK_THROWS_WITH_AS(Policy::parse("* f32\nunet.* int4\n", "p"),
                       "p:2: precision is 'int4', expected f32, f16, bf16, int8 or auto", Error);
  CHECK_THROWS_AS(Policy::parse("unet.*\n", "p"), Error);
  CHECK_THROWS_WITH_AS(Policy::parse("* int8 bits=4\n", "p"),
                       "p:1: 'bits=4' is not known here, expected the end of the line", Error);
  CHECK_THROWS_AS(Policy::read("/nonexistent.policy"), Error);
}
