// The settings in a picture's text, and that public readers get them back.
#include <doctest/doctest.h>

#include "engine/pipeline/infotext.h"
#include "loaders/io/json.h"
#include "tests/support/golden.h"

namespace yent {
namespace {

struct Case {
  PaintRequest request;
  std::string model, sampler;
  std::vector<std::string> loras = {};
  NoiseLevels levels = NoiseLevels::spaced;
};

// The requests whose texts are in tests/golden/infotext.json.
std::vector<Case> cases() {
  std::vector<Case> all(4);
  for (Case& c : all) c = {{.prompt = "a cat", .seed = 7}, "plain", "ddim"};
  all[0].request.negative = "dog";

  all[1].model = "my, odd: \"model\"";
  all[1].sampler = "euler";
  all[1].levels = NoiseLevels::karras;
  all[1].request.spec.strength = 0.5;
  all[1].request.picture = Image(1, 1);
  all[1].loras = {"style.safetensors:0.5", "a, b.safetensors"};

  all[2].request.prompt = "";
  all[2].model = "two\nlines";
  all[2].loras = {"style.safetensors"};

  all[3].request.prompt = "злой кот, \"quoted\": yes\nsecond line";
  all[3].request.negative = "no: dog, \"none\"";
  all[3].request.seed = 18446744073709551615u;
  all[3].model = "модель ▓";
  return all;
}

TEST_CASE("infotext: values that would break the line are JSON strings at its end") {
  const Json golden = read_json(golden_path("infotext.json"));
  const std::vector<Case> ours = cases();
  REQUIRE(golden.size() == ours.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    const Case& c = ours[i];
    const InfotextFacts facts{.model = c.model, .version = "1", .loras = c.loras};
    const Pipeline::Resolution made{
        .width = 512, .height = 384, .sampler = c.sampler, .latent = {}, .levels = c.levels};
    CHECK(infotext(c.request, made, c.request.seed, facts) ==
          golden[i].at("text").get<std::string>());

    // Public readers, as the golden script ran them on the same text.
    const Json& parsers = golden[i].at("sd_parsers");
    CHECK(parsers.at("prompt") == Json(c.request.prompt));
    CHECK(parsers.at("negative") == Json(c.request.negative));
    CHECK(parsers.at("Sampler") == Json(c.sampler));
    CHECK(parsers.at("seed") == Json(std::to_string(c.request.seed)));
    CHECK(parsers.at("steps") == Json("25"));
    CHECK(parsers.at("cfg_scale") == Json("7.5"));
    CHECK(parsers.at("Size") == Json("512x384"));
    const Json& reader = golden[i].at("sd_prompt_reader");
    CHECK(reader.at("prompt") == Json(c.request.prompt));
    CHECK(reader.at("seed") == Json(std::to_string(c.request.seed)));
    CHECK(reader.at("sampler") == Json(c.sampler));
    CHECK(reader.at("size") == Json("512x384"));
  }
  // What the golden texts do not have: a VAE, embeddings, a policy.
  const InfotextFacts all{.model = "m",
                          .version = "1",
                          .embeddings = {"bad.pt", "worse.pt"},
                          .vae = "mse.safetensors",
                          .policy = "int8-exact"};
  const Pipeline::Resolution made{.width = 8, .height = 8, .sampler = "ddim", .latent = {}};
  const std::string text = infotext(ours[0].request, made, 7, all);
  CHECK(text.find("Model: m, VAE: mse.safetensors, Policy: int8-exact, Version: yent 1, "
                  "Embeddings: \"bad.pt, worse.pt\"") != std::string::npos);
  // The one of them that knows quoted values gets the model's name back.
  CHECK(golden[1].at("sd_geninfo").at("Model") == Json(ours[1].model));
}

TEST_CASE("infotext: what is plain stays plain, and a list can be taken apart") {
  const auto line = [](const std::string& model, const std::vector<std::string>& loras) {
    const PaintRequest request{.prompt = "x"};
    const Pipeline::Resolution made{.width = 8, .height = 8, .sampler = "ddim", .latent = {}};
    const std::string text =
        infotext(request, made, 1, {.model = model, .version = "1", .loras = loras});
    return text.substr(text.find("Size: 8x8, ") + 11);
  };
  CHECK(line("a b", {}) == "Model: a b, Version: yent 1");
  CHECK(line(" a", {}) == "Version: yent 1, Model: \" a\"");
  CHECK(line("a\\b", {"x"}) == "Model: a\\b, Lora: x, Version: yent 1");
  CHECK(line("m", {"x", "y"}) == "Model: m, Version: yent 1, Lora: \"x, y\"");
  CHECK(line("m", {"x, y"}) == "Model: m, Version: yent 1, Lora: \"\\\"x, y\\\"\"");
}

}  // namespace
}  // namespace yent
