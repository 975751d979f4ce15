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
  CHECK(p.layer("unet.mid_block.resnets.0.conv1").weights.at(0).grid.bits ==
        4);  // of the rule, not of the mix
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
  const LayerStyle a = p.layer("a");
  REQUIRE(a.weights.size() == 1);
  const QuantGrid& grid = a.weights[0].grid;
  CHECK(grid.bits == 3);
  CHECK(grid.round == Round::stochastic);
  CHECK(grid.clip == 99.5f);
  CHECK(grid.sharing == Sharing::tensor);
  CHECK(a.per_tensor);
  CHECK(a.grids.input.empty());
  CHECK(a.words == "bits=3 round=dither clip=99.5 weights=tensor act=tensor");
  CHECK(p.layer("b").per_tensor);
  CHECK(p.layer("b").weights.empty());
  CHECK(p.layer("c").weights.empty());
  CHECK(p.layer("c").words.empty());
}

TEST_CASE("policy: mistakes are named with their line") {
  CHECK_THROWS_WITH_AS(Policy::parse("* f32\nunet.* int4\n", "p"),
                       "p:2: precision is 'int4', expected f32, f16, bf16, int8 or auto", Error);
  CHECK_THROWS_AS(Policy::parse("unet.*\n", "p"), Error);
  for (const char* words : {"bits=9",
                            "bits=1",
                            "bits=",
                            "bits=44",
                            "bits=2.5",
                            "bits=8..0",
                            "round=up",
                            "clip=0",
                            "clip=101",
                            "clip=x",
                            "clip=nan",
                            "weights=row",
                            "act=image",
                            "gain=",
                            "bits",
                            "blend=2",
                            "steps=5-2",
                            "steps=-",
                            "steps=x",
                            "noise=0.5",
                            "noise=2..0",
                            "kind=layer",
                            "kind=conv,",
                            "on=both",
                            "on=",
                            "codebook=ternary bits=2",
                            "codebook=log zero=affine",
                            "clip=9 clip_abs=2",
                            "seed=4",
                            "round=stochastic seed=-1",
                            "weights=group",
                            "group=4",
                            "act=group on=input"}) {
    CAPTURE(words);
    CHECK_THROWS_AS(Policy::parse(fmt::format("* int8 {}\n", words), "p"), Error);
  }
  CHECK_THROWS_WITH_AS(Policy::parse("* f32\n* int8 bits=4 clip=200\n", "p"),
                       "p:2: 'clip=200' is not known here, expected clip=P with 0 < P <= 100",
                       Error);
  CHECK_THROWS_WITH_AS(Policy::parse("* int8 rond=floor\n", "p"),
                       "p:1: 'rond=floor' is not known here, expected one of bits=, clip=, "
                       "clip_abs=, gain=, blend=, "
                       "kind=, steps=, noise=, act=, on=, round=, codebook=, zero=, weights=, "
                       "seed=, group=; did you "
                       "mean round=?",
                       Error);
  CHECK_THROWS_WITH_AS(
      Policy::parse("* f32 round=flor\n", "p"),
      "p:1: 'round=flor' is not known here, expected round= one of nearest, floor, "
      "ceil, zero, stochastic, dither; did you mean floor?",
      Error);
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
    CHECK(here.layer(layer).weights.at(0).grid.bits == 4);
    CHECK(yent::policy_from_text(text, *ref).precision(layer) == yent::Precision::f32);
  }
  CHECK(here.precision("unet.mid_block.resnets.0.conv1") != yent::Precision::f32);
  CHECK_THROWS_AS(yent::named_policy("", "q4", *cpu), yent::Error);
}

TEST_CASE("policy: words for inputs and outputs, and the precision of a layer that has some") {
  const Policy p = Policy::parse(
      "a  int8 on=input bits=4 act=row\n"
      "b  int8 on=weights,output bits=4\n"
      "c  bf16 on=input bits=4\n",
      "p");
  const LayerStyle a = p.layer("a", LayerKind::conv);
  CHECK(a.precision == Precision::f32);  // int8 kernels would round the input once more
  REQUIRE(a.grids.input.size() == 1);
  CHECK(a.grids.input[0].grid.sharing == Sharing::row);
  REQUIRE(a.weights.size() == 1);  // int8's own
  CHECK(a.weights[0].grid.bits == 8);
  CHECK(p.layer("b").precision == Precision::int8);
  CHECK(p.layer("b").weights.size() == 1);
  CHECK(p.layer("b").grids.output.size() == 1);
  CHECK(p.layer("c").precision == Precision::bf16);
  CHECK(p.layer("c").grids.input[0].grid.sharing == Sharing::row);  // a linear's own
  CHECK(p.layer("c", LayerKind::conv).grids.input[0].grid.sharing == Sharing::image);
}

TEST_CASE("policy: kinds of layers") {
  const Policy p = Policy::parse(
      "* f32 kind=attention bits=4\n"
      "* f32 kind=norm bits=5\n"
      "* f32 kind=conv bits=6\n"
      "* f32 bits=7\n",
      "p");
  CHECK(p.layer("x", LayerKind::linear).weights.at(0).grid.bits == 7);
  CHECK(p.layer("x", LayerKind::conv).weights.at(0).grid.bits == 6);
  CHECK(p.layer("x", LayerKind::norm).weights.at(0).grid.bits == 5);
  CHECK(p.layer("x", LayerKind::attention).grids.input.at(0).grid.bits == 4);
  CHECK(p.attention_precision("x") == Precision::f32);
  const Policy plain = Policy::parse("* int8 bits=4\n", "p");
  CHECK(plain.layer("x", LayerKind::norm).weights.empty());
  CHECK_FALSE(plain.attention_precision("x"));
}

TEST_CASE("policy: steps, noise and ramps are resolved moment by moment") {
  const Policy p = Policy::parse(
      "a  f32 steps=1-2 bits=8..3\n"
      "a  f32 noise=0.3..0 bits=2\n"
      "a  bf16\n",
      "p");
  CHECK(p.moves());
  CHECK(p.layer("a").precision == Precision::bf16);  // outside of a denoising
  CHECK(p.layer("a").words == "f32 steps=1-2 bits=8..3; f32 noise=0.3..0 bits=2; bf16");
  const std::vector<Moment> calls{{0, 1}, {1, 0.7}, {2, 0.5}, {3, 0.3}};
  const auto bits = [&](int call) {
    const Policy now = p.at(calls[call], calls);
    CHECK_FALSE(now.moves());
    const LayerStyle style = now.layer("a");
    return style.weights.empty() ? 0 : style.weights[0].grid.bits;
  };
  CHECK(bits(0) == 0);
  CHECK(bits(1) == 8);
  CHECK(bits(2) == 3);
  CHECK(bits(3) == 2);
  const Policy ramp = Policy::parse("* f32 bits=2..5 gain=1..2\n", "p");
  for (int i = 0; i < 4; ++i) {
    const LayerStyle now = ramp.at(calls[i], calls).layer("a");
    CHECK(now.weights.at(0).grid.bits == 2 + i);
    CHECK(now.weights[0].grid.gain == doctest::Approx(1 + i / 3.0));
  }
  const Policy last = Policy::parse("* f32 steps=-0,3- bits=2\n", "p");
  CHECK(last.at(calls[0], calls).layer("a").weights.size() == 1);
  CHECK(last.at(calls[1], calls).layer("a").weights.empty());
  CHECK(last.at(calls[3], calls).layer("a").weights.size() == 1);
}

TEST_CASE("policy: several in order, and a mix") {
  const Policy a = Policy::parse("x f32 bits=3\n* f32\n", "a");
  const Policy b = Policy::parse("* int8 bits=5 on=weights,output\n", "b");
  const LayerStyle both = a.then(b).layer("x");
  CHECK(both.precision == Precision::int8);
  REQUIRE(both.weights.size() == 2);
  CHECK(both.weights[0].grid.bits == 3);
  CHECK(both.weights[1].grid.bits == 5);
  CHECK(both.words == "bits=3 then bits=5 on=weights,output");

  const LayerStyle mixed = a.mixed(0.25, b).layer("x");
  REQUIRE(mixed.weights.size() == 1);
  CHECK(mixed.weights[0].share == 0.25f);
  CHECK(mixed.weights[0].grid.bits == 3);
  CHECK(mixed.weights[0].other->bits == 5);
  CHECK(mixed.weights[0].other_share == 1);
  REQUIRE(mixed.grids.output.size() == 1);  // of b alone: the rest is the output itself
  CHECK(mixed.grids.output[0].share == 0.75f);
  CHECK_FALSE(mixed.grids.output[0].other);
  CHECK(a.mixed(0.25, b).layer("y").weights.at(0).share == 0.75f);

  CHECK_THROWS_AS(a.then(b).mixed(0.5, b), Error);
  CHECK_THROWS_AS(a.mixed(1.5, b), Error);
  CHECK(Policy::parse("exact\n* int8\n", "p").then(a).exact());
  CHECK_THROWS_AS(Policy::parse("exact\n* int8\n", "p").then(Policy(Precision::bf16)), Error);
}

TEST_CASE("policy: its text, parsed again, is the same policy") {
  const std::string text =
      "exact\n"
      "unet.conv_in f32\n"
      "unet.* f32 kind=conv,norm steps=0-4,9 bits=8..3 round=stochastic seed=7 on=weights,input\n"
      "mix 0.3\n"
      "* int8 codebook=kmeans bits=4 clip=99.5 blend=0.5 weights=group group=32\n"
      "then\n"
      "* f32 noise=1..0.6 zero=affine gain=1.25 act=image on=output\n";
  const Policy once = Policy::parse("# a comment\n\n" + text, "p");
  CHECK(once.text() == text);
  CHECK(Policy::parse(once.text(), "p").text() == text);
  for (const std::string& name : policy_names()) {
    CAPTURE(name);
    const Policy shipped = named_policy(name, "", *make_cpu_backend({.threads = 1}));
    const Policy again = Policy::parse(shipped.text(), "p");
    CHECK(again.text() == shipped.text());
    for (const char* layer : {"unet.conv_in", "unet.mid_block.resnets.0.conv1", "llm.output"}) {
      CHECK(again.layer(layer).weights == shipped.layer(layer).weights);
      CHECK(again.layer(layer).words == shipped.layer(layer).words);
    }
  }
}

TEST_CASE("policy: several by name, with shares") {
  const auto cpu = make_cpu_backend({.threads = 1});
  const auto weights = [&](const char* name) {
    return named_policy(name, "", *cpu).layer("unet.mid_block.resnets.0.conv1").weights;
  };
  CHECK(weights("woodcut").size() == 1);
  CHECK(weights("woodcut+fog").size() == 2);
  CHECK(weights("woodcut:0.5").at(0).share == 0.5f);
  CHECK(weights("woodcut:0.5:fog").at(0).other);
  CHECK(weights("fog+woodcut:0.5:fog").size() == 2);
  for (const char* wrong :
       {"woodcut:", "woodcut:2", "woodcut:x:fog", "woodcut+", "woodcu", "a:0.5"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(named_policy(wrong, "", *cpu), Error);
  }
  CHECK(policy_files("a.policy+woodcut:0.5:b/c") == std::vector<std::string>{"a.policy", "b/c"});
}
