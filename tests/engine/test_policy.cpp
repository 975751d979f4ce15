#include <doctest/doctest.h>

#include "engine/core/policy.h"
#include "engine/pipeline/named_policy.h"
#include "kernels/cpu/cpu_backend.h"
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

TEST_CASE("policy: auto is the precision that the device's mix has for the layer") {
  Policy p = Policy::parse(
      "unet.conv_in  bf16\n"
      "unet.*        auto  bits=4\n"
      "vae.*         int8\n",
      "test.policy");
  CHECK(p.has_auto());
  CHECK(p.precision("unet.conv_out") == Precision::f32);  // nobody has said yet

  Policy later = p;
  p.resolve_auto(Policy::parse("unet.conv_* f32\nunet.* int8 bits=7\n* bf16\n", "auto.policy"));
  CHECK(p.precision("unet.conv_in") == Precision::bf16);
  CHECK(p.precision("unet.conv_out") == Precision::f32);
  CHECK(p.precision("unet.mid_block.resnets.0.conv1") == Precision::int8);
  CHECK(p.style("unet.mid_block.resnets.0.conv1").bits == 4);  // of the rule, not of the mix
  CHECK(p.precision("vae.decoder.conv_in") == Precision::int8);
  CHECK(p.precision("llm.output") == Precision::f32);  // no rule, no auto

  later.resolve_auto(Policy(Precision::f16));
  CHECK(later.precision("unet.conv_out") == Precision::f16);
  CHECK_FALSE(Policy(Precision::f16).has_auto());
  Precision none = Precision::bf16;
  CHECK_FALSE(parse_precision("auto", none));
}

TEST_CASE("policy: words behind the precision are a style") {
  const Policy p = Policy::parse(
      "a  int8  bits=3 round=dither clip=99.5 weights=tensor act=tensor  # all of them\n"
      "b  f32   act=tensor\n",
      "test.policy");
  const QuantStyle& a = p.style("a");
  CHECK(a.bits == 3);
  CHECK(a.round == Round::dither);
  CHECK(a.clip == 99.5f);
  CHECK(a.per_tensor_weights);
  CHECK(a.per_tensor);
  CHECK(a.changes_weights);
  CHECK(a.words == "bits=3 round=dither clip=99.5 weights=tensor act=tensor");
  CHECK(p.style("b").per_tensor);
  CHECK_FALSE(p.style("b").changes_weights);
  CHECK_FALSE(p.style("c").changes_weights);
  CHECK(p.style("c").words.empty());
}

TEST_CASE("policy: mistakes are named with their line") {
  CHECK_THROWS_WITH_AS(Policy::parse("* f32\nunet.* int4\n", "p"),
                       "p:2: precision is 'int4', expected f32, f16, bf16, int8 or auto", Error);
  CHECK_THROWS_AS(Policy::parse("unet.*\n", "p"), Error);
  for (const char* words :
       {"bits=9", "bits=1", "bits=", "bits=44", "round=up", "clip=0", "clip=101", "clip=x",
        "clip=nan", "weights=row", "act=image", "gain=2", "bits"}) {
    CAPTURE(words);
    CHECK_THROWS_AS(Policy::parse(fmt::format("* int8 {}\n", words), "p"), Error);
  }
  CHECK_THROWS_WITH_AS(Policy::parse("* f32\n* int8 bits=4 clip=200\n", "p"),
                       "p:2: 'clip=200' is not known here, expected clip=P with 0 < P <= 100",
                       Error);
  CHECK_THROWS_WITH_AS(
      Policy::parse("* int8 gain=2\n", "p"),
      "p:1: 'gain=2' is not known here, expected bits=, round=, clip=, weights= or act=", Error);
  CHECK_THROWS_AS(Policy::read("/nonexistent.policy"), Error);
}

TEST_CASE("policy: an exact one says f32 or int8, and names its mistakes") {
  const Policy exact = Policy::parse("# first\nexact  # of all\na int8 bits=4\n* f32\n", "p");
  CHECK(exact.exact());
  CHECK(exact.precision("a") == Precision::int8);
  CHECK_FALSE(Policy::parse("* int8\n", "p").exact());
  CHECK(Policy::parse("exact f32\n", "p").precision("exact") == Precision::f32);
  CHECK_FALSE(Policy::parse("exact f32\n", "p").exact());
  for (const char* precision : {"bf16", "f16", "auto"}) {
    CHECK_THROWS_WITH_AS(
        Policy::parse(fmt::format("exact\n* {}\n", precision), "p"),
        fmt::format("p:2: precision is '{}', expected f32 or int8: the policy is exact", precision)
            .c_str(),
        Error);
  }
  CHECK_THROWS_WITH_AS(Policy::parse("* f32\nexact\n", "p"),
                       "p:2: exact stands behind a rule, expected it before all", Error);
}

TEST_CASE("policy: auto in a policy is the mix of the device") {
  const auto cpu = yent::make_cpu_backend({.threads = 1});
  const auto ref = yent::make_cpu_backend({.threads = 1, .isa = "ref"});
  const std::string text = "unet.conv_in f32\n* auto bits=4\n";
  const yent::Policy here = yent::policy_from_text(text, *cpu);
  const yent::Policy mix = yent::named_policy("", "auto", *cpu);
  CHECK(here.precision("unet.conv_in") == yent::Precision::f32);
  for (const char* layer : {"unet.mid_block.resnets.0.conv1", "vae.decoder.conv_in",
                            "unet.down_blocks.0.attentions.0.proj_in", "llm.output"}) {
    CAPTURE(layer);
    CHECK(here.precision(layer) == mix.precision(layer));
    CHECK(here.style(layer).bits == 4);
    CHECK(yent::policy_from_text(text, *ref).precision(layer) == yent::Precision::f32);
  }
  CHECK(here.precision("unet.mid_block.resnets.0.conv1") != yent::Precision::f32);
  CHECK_THROWS_AS(yent::named_policy("", "q4", *cpu), yent::Error);
}
