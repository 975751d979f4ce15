// Styles by name and by file: words, and the adapter where it fits.
#include <doctest/doctest.h>

#include "engine/pipeline/assets.h"
#include "engine/pipeline/style.h"
#include "engine/yent/persona.h"
#include "kernels/error.h"
#include "tests/support/adapter_draft.h"

namespace yent::test {
namespace {

AdapterDraft small_adapter() {
  AdapterDraft draft;
  draft.add("unet.conv_in.lora_A.weight", {1, 4}).add("unet.conv_in.lora_B.weight", {4, 1});
  return draft;
}

}  // namespace

TEST_CASE("style: a name that ships has words, and its adapter for the painter that ships") {
  const Persona persona = built_in_persona();
  const std::vector<std::string> names = style_names(persona);
  CHECK(names == std::vector<std::string>{"base", "caricature", "graffiti", "pixel", "propaganda"});
  for (const std::string& name : names) {
    CAPTURE(name);
    const Style own = find_style(name, painter_path("default"), persona);
    CHECK(own.suffix.starts_with(", "));
    const auto file = find_shipped("styles/" + name + ".safetensors");
    CHECK(own.adapter == (file ? std::optional(LoraFile{*file}) : std::nullopt));
    CHECK(find_style(name, "elsewhere/bk-sdm-tiny", persona) == Style{own.suffix});
  }
}

TEST_CASE("style: a file brings its own words, or none") {
  const Persona persona = built_in_persona();
  const TemporaryFolder folder;
  const AdapterDraft draft = small_adapter();
  const auto plain = folder / "plain.safetensors", mine = folder / "mine.safetensors";
  write_safetensors(plain, draft.tensors);
  write_safetensors(mine, draft.tensors, {{"suffix", ", in my style"}, {"base", "toy"}});
  CHECK(find_style(plain, "any", persona) == Style{"", LoraFile{plain}});
  CHECK(find_style(mine, "any", persona) == Style{", in my style", LoraFile{mine}});
  CHECK(find_style(folder.path(), "any", persona) == Style{"", LoraFile{folder.path()}});
}

TEST_CASE("style: what is not known is a sentence with the names that are") {
  const Persona persona = built_in_persona();
  CHECK(refusal([&] { find_style("grafiti", "any", persona); }) ==
        "the style grafiti does not ship with yent, expected a file or one of base, caricature, "
        "graffiti, pixel, propaganda");
  CHECK(refusal([&] {
          find_style("absent.safetensors", "any", persona);
        }).find("absent.safetensors") == 0);
}

}  // namespace yent::test
