// The spellings of modules in adapter files, on the modules of SD 1.5 and its text encoder.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "loaders/checkpoint/adapter/module_names.h"
#include "loaders/io/json.h"
#include "tests/support/tree.h"

using namespace yent;

namespace {

struct Module {
  std::string path, ldm;  // without the part; a text encoder has no LDM names
  bool text;
};

// tests/golden/ldm_names.json comes from diffusers' own converters: see tools/golden/ldm_names.py.
std::vector<Module> modules_of_sd15() {
  const Json file = read_json(in_tree("tests/golden/ldm_names.json"));
  std::vector<Module> modules;
  for (const auto& [ldm, name] : file["unet_sd15"].items()) {
    const std::string prefix = "model.diffusion_model.";
    REQUIRE(ldm.starts_with(prefix));
    modules.push_back({name.get<std::string>(), ldm.substr(prefix.size()), false});
  }
  for (const auto& [ldm, name] : file["clip"].items()) {
    modules.push_back({"text_model." + name.get<std::string>(), "", true});
  }
  return modules;
}

std::string flat(std::string path) {
  std::ranges::replace(path, '.', '_');
  return path;
}

const char* const unet_prefixes[] = {"",
                                     "unet.",
                                     "unet.unet.",
                                     "module.",
                                     "_orig_mod.",
                                     "unet._orig_mod.",
                                     "module._orig_mod.unet.",
                                     "base_model.model.",
                                     "base_model.model.unet.",
                                     "unet.base_model.model.",
                                     "base_model.model._orig_mod.",
                                     "diffusion_model.",
                                     "model.diffusion_model."};
const char* const text_prefixes[] = {"",
                                     "text_encoder.",
                                     "text_encoder_base_model.model.",
                                     "base_model.model.",
                                     "text_encoder.base_model.model.",
                                     "text_encoders.clip_l.transformer.",
                                     "clip_l.transformer.",
                                     "cond_stage_model.transformer.",
                                     "module.text_encoder._orig_mod."};
const char* const flat_unet_prefixes[] = {"lora_unet_", "lycoris_", "lycoris_unet_",
                                          "lora_unet__orig_mod_", "unet.lycoris_"};
const char* const flat_text_prefixes[] = {"lora_te_", "lora_te1_", "lycoris_", "lycoris_te_",
                                          "lycoris_text_encoder_"};

}  // namespace

TEST_CASE("module names: every module of SD 1.5 is found in every spelling, and no other") {
  const std::vector<Module> modules = modules_of_sd15();
  REQUIRE(modules.size() > 400);
  std::vector<LoraTarget> targets;
  for (const Module& m : modules)
    targets.push_back({(m.text ? "text_encoder." : "unet.") + m.path});
  const ModuleNames names(targets);
  size_t wrong = 0, tried = 0;
  const auto look = [&](const std::string& name, size_t i) {
    ++tried;
    const std::vector<const LoraTarget*> found = names.find(name);
    if (found.size() == 1 && found[0] == &targets[i]) return;
    ++wrong;
    INFO(name);
    CHECK(wrong > 3);  // show the first few
  };
  for (size_t i = 0; i < modules.size(); ++i) {
    const Module& m = modules[i];
    if (m.text) {
      const std::string bare = m.path.substr(std::string("text_model.").size());
      for (const char* prefix : text_prefixes) look(prefix + m.path, i), look(prefix + bare, i);
      for (const char* prefix : flat_text_prefixes) {
        look(prefix + flat(m.path), i), look(prefix + flat(bare), i);
      }
    } else {
      for (const char* prefix : unet_prefixes) look(prefix + m.path, i), look(prefix + m.ldm, i);
      for (const char* prefix : flat_unet_prefixes) {
        look(prefix + flat(m.path), i), look(prefix + flat(m.ldm), i);
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(tried > 10000);
}

TEST_CASE("module names: compiled modules, and the names of diffusers' first processors") {
  const std::string attention = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.";
  const std::vector<LoraTarget> targets = {
      {attention + "to_q"},
      {attention + "to_out.0"},
      {"text_encoder.text_model.encoder.layers.0.self_attn.out_proj"}};
  const ModuleNames names(targets);
  const auto index = [&](const std::string& name) {
    const auto found = names.find(name);
    return found.size() == 1 ? static_cast<int>(found[0] - targets.data()) : -1;
  };
  CHECK(index("down_blocks.0._orig_mod.attentions.0._orig_mod.transformer_blocks.0.attn1.to_q") ==
        0);
  CHECK(index(attention + "processor.to_q") == 0);
  CHECK(index(attention + "processor.to_out") == 1);
  CHECK(index(attention + "to_out") == 1);
  CHECK(index("text_encoder.text_model.encoder.layers.0.self_attn.to_out") == 2);
}

TEST_CASE("module names: a name that could be two modules is reported as both") {
  const std::vector<LoraTarget> targets = {{"unet.a.b_c"}, {"unet.a_b.c"}, {"text_encoder.a_b.c"}};
  const ModuleNames names(targets);
  CHECK(names.find("lora_unet_a_b_c").size() == 2);
  CHECK(names.find("a_b.c").size() == 2);  // of the UNet or of the text encoder
  CHECK(names.find("unet.a_b.c").size() == 1);
  CHECK(names.find("lora_te_a_b_c").size() == 1);
  for (const char* stranger : {"", "unet.", "unet.text_encoder.a_b.c", "lora_", "lora_unet_",
                               "_orig_mod.", "unet.d", "lora_unet_a.b_c"}) {
    CAPTURE(stranger);
    CHECK(names.find(stranger).empty());
  }
}
