// Policies whose rules hold for some steps, or act on what enters and leaves layers, in whole runs.
#include <doctest/doctest.h>

#include <map>
#include <optional>

#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/compare.h"
#include "tests/support/every_isa.h"
#include "tests/support/golden.h"

using namespace yent;

namespace {

constexpr int kSteps = 4;

PipelineConfig toy(const std::string& policy) {
  PipelineConfig config{.model = golden_path("toy_painter")};
  config.policy = Policy::parse(policy, "test");
  return config;
}

PaintRequest request_of(const std::string& sampler) {
  PaintRequest request;
  request.prompt = "a red cat, street art";
  request.spec.steps = kSteps;
  request.spec.sampler = sampler;
  request.seed = 5;
  return request;
}

using Latents = std::vector<std::vector<float>>;  // after each model call

Latents latents_of(Pipeline& pipeline, const std::string& sampler) {
  Latents latents;
  pipeline.paint(request_of(sampler),
                 {.step = [&](const StepEvent& e) { latents.push_back(e.latent().values); },
                  .picture = [](Painted&&) {}});
  return latents;
}

Latents latents_of(Backend& backend, const std::string& policy,
                   const std::string& sampler = "ddim") {
  Pipeline pipeline(toy(policy), {&backend});
  return latents_of(pipeline, sampler);
}

}  // namespace

TEST_CASE("phases: a rule for all steps is a rule without steps") {
  const auto backend = make_cpu_backend({.threads = 2});
  const Latents expected = latents_of(*backend, "unet.* f32 bits=4\n");
  CHECK(expected.back() != latents_of(*backend, "* f32\n").back());
  for (const char* words : {"steps=0-", "steps=-3", "noise=1..0", "steps=0-1,2,3-7"}) {
    CAPTURE(words);
    CHECK(latents_of(*backend, fmt::format("unet.* f32 bits=4 {}\n", words)) == expected);
  }
  CHECK(latents_of(*backend, "unet.* f32 bits=4..4\n") == expected);
}

TEST_CASE("phases: each step computes as its rules say, and weights that stay are shared") {
  const auto backend = make_cpu_backend({.threads = 1});
  const std::string first = "unet.*.resnets.* f32 bits=3",
                    rest = "\nunet.mid_block.* bf16\n* f32\n";
  const Latents styled = latents_of(*backend, first + rest), plain = latents_of(*backend, rest);
  const Latents early = latents_of(*backend, first + " steps=0-1" + rest);
  const Latents late = latents_of(*backend, first + " steps=2-" + rest);
  for (int i = 0; i < kSteps; ++i) {
    CAPTURE(i);
    CHECK((early[i] == styled[i]) == (i < 2));
    CHECK((late[i] == plain[i]) == (i < 2));
    CHECK(early[i] != plain[i]);
  }
  const Latents ramp = latents_of(*backend, "unet.*.resnets.* f32 bits=3..6" + rest);
  CHECK(ramp[0] == styled[0]);
  CHECK(ramp[1] != styled[1]);
  // The noise of ddim's four steps is .75, .5, .25 and 0 of the training's.
  CHECK(latents_of(*backend, first + " noise=1..0.4" + rest) == early);
}

TEST_CASE("phases: samplers that call twice a step, guidance, several pictures of one pipeline") {
  const auto backend = make_cpu_backend({.threads = 2});
  const std::string words = "unet.* f32 on=weights,input bits=4 steps=1-2\n* f32\n";
  for (const char* sampler : {"pndm", "heun", "euler-a"}) {
    CAPTURE(sampler);
    Pipeline pipeline(toy(words), {backend.get()});
    const Latents once = latents_of(pipeline, sampler);
    CHECK(latents_of(pipeline, sampler) == once);
    CHECK(once.back() != latents_of(*backend, "* f32\n", sampler).back());
  }
}

TEST_CASE("grids: of inputs and outputs, on every instruction set near the reference") {
  const auto ref = make_ref_backend();
  for (const char* words :
       {"* f32 on=input bits=8", "* f32 on=output bits=8 act=image",
        "* f32 on=weights,input,output bits=8 zero=affine", "* bf16 on=input,output bits=8",
        "* f32 kind=norm on=weights,input,output bits=8", "* f32 kind=attention on=input,output",
        "* f32 kind=linear,conv,attention,norm on=input bits=7 act=tensor blend=0.5",
        "* f32 on=input codebook=kmeans bits=8 act=tensor",
        "* f32 on=input bits=8\nmix 0.4\n* f32 on=input bits=8 round=floor\nthen\n* f32 "
        "gain=0.9"}) {
    CAPTURE(std::string(words));
    const std::vector<float> expected = latents_of(*ref, words).front();
    CHECK(expected != latents_of(*ref, "* f32").front());
    on_every_isa([&](Backend& backend) {
      // Numbers that fall on the other side of a boundary move all that come after them.
      CHECK(relative_error(latents_of(backend, words).front(), expected) < 0.2);
    });
  }
}

TEST_CASE("grids: an exact policy with them has the same bits on every instruction set") {
  const std::string words =
      "exact\n"
      "unet.*.resnets.* int8 on=weights,input bits=5 zero=affine steps=0-1\n"
      "unet.*.attn? f32 kind=attention bits=6\n"
      "unet.* int8 bits=6 round=stochastic seed=9\n"
      "* f32\n";
  std::optional<Latents> expected;
  for (int i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (isa == Isa::ref || !supports(detect_features(), isa)) continue;
    for (const int threads : {1, 3}) {
      const Latents latents = latents_of(*make_table_backend(isa, threads), words);
      if (!expected) expected = latents;
      CHECK(latents == *expected);
    }
  }
}

TEST_CASE("grids: the listing has what each layer got") {
  const auto backend = make_cpu_backend({.threads = 1});
  Pipeline pipeline(toy("unet.* f32 kind=norm bits=3\n"
                        "unet.*.attn1 f32 kind=attention bits=4\n"
                        "unet.up_blocks.* f32 bits=8..2 steps=1-\n"
                        "unet.* int8 on=input bits=5\n"),
                    {backend.get()});
  std::map<std::string, Resolved> layers;
  for (const Resolved& layer : pipeline.explain()) layers[layer.layer] = layer;
  CHECK(layers.at("unet.conv_in").precision == Precision::f32);
  CHECK(layers.at("unet.conv_in").style == "on=input bits=5");
  CHECK(layers.at("unet.conv_norm_out").style == "kind=norm bits=3");
  bool ramps = false, attention = false;
  for (const auto& [name, layer] : layers) {
    ramps |= layer.style == "f32 bits=8..2 steps=1-; int8 on=input bits=5";
    attention |= name.ends_with(".attn1") && layer.style == "kind=attention bits=4";
  }
  CHECK(ramps);
  CHECK(attention);
}
