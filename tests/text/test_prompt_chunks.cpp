// Prompts in AUTOMATIC1111's grammar, from words to the embeddings that the UNet gets, against
// tests/golden/prompt_a1111.py.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "engine/diffusion/emphasis.h"
#include "engine/pipeline/infotext.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

PaintRequest small(const std::string& prompt, const std::string& negative) {
  PaintRequest request{.prompt = prompt,
                       .negative = negative,
                       .spec = {.width = 16, .height = 16, .steps = 1},
                       .seed = 1};
  request.grammar = request.negative_grammar = Grammar::a1111;
  return request;
}

// Every seventh row of a matrix.
std::vector<float> thinned(const Golden& dump, const std::string& name) {
  const std::vector<float> all = dump.rows(name);
  const size_t width = static_cast<size_t>(dump.shape(name).c);
  std::vector<float> kept;
  for (size_t at = 0; at < all.size(); at += 7 * width) {
    kept.insert(kept.end(), all.begin() + at, all.begin() + at + width);
  }
  return kept;
}

Golden painted(Pipeline& pipeline, PaintRequest request) {
  const test::TemporaryFolder folder;
  Dump dump;
  request.dump = &dump;
  pipeline.paint_one(request);
  dump.write(folder / "dump.safetensors");
  return Golden(read_safetensors(folder / "dump.safetensors"));
}

void check_prompts(Backend& backend) {
  const Golden golden("prompt_a1111");
  Pipeline pipeline({.model = golden_path("toy_painter")}, {&backend});
  for (const Json::Member& c : golden.config["cases"].items()) {
    CAPTURE(c.key);
    const Golden got =
        painted(pipeline, small(c.value[0].get<std::string>(), c.value[1].get<std::string>()));
    for (const std::string side : {"cond", "uncond"}) {
      CAPTURE(side);
      const std::string tokens = side == "cond" ? "tokens" : "tokens_uncond";
      CHECK(got.ints(tokens) == golden.ints(c.key + "." + tokens));
      const std::vector<float> a = thinned(got, side), b = golden.rows(c.key + "." + side);
      INFO(worst(a, b));
      CHECK(relative_error(a, b) <= 2e-6);  // 4e-7 at most; torch's f32 is 2.2e-6 away
    }
  }
}

}  // namespace

TEST_CASE("prompt chunks: hidden states are those of the web UI's arithmetic in torch") {
  check_prompts(*make_cpu_backend({.threads = 1}));
}

TEST_CASE("prompt chunks: and on the reference backend") { check_prompts(*make_ref_backend()); }

TEST_CASE("prompt chunks: embeddings of two chunks paint what their prompt paints") {
  const auto backend = make_cpu_backend({.threads = 1});
  const test::TemporaryFolder folder;
  Pipeline pipeline({.model = golden_path("toy_painter")}, {backend.get()});
  Dump dump;
  PaintRequest request = small("a red hat BREAK (a green coat:1.2)", "blurry");
  request.dump = &dump;
  const Painted by_words = pipeline.paint_one(request);
  dump.write(folder / "text.safetensors");
  request.dump = nullptr;
  request.embeddings = read_embeddings(folder / "text.safetensors");
  CHECK(request.embeddings->cond->dims == std::vector<int64_t>{154, 32});
  CHECK(pipeline.paint_one(request).image.rgb == by_words.image.rgb);

  // On every backend: more text than one chunk is only a longer text.
  const auto oracle = make_ref_backend();
  Pipeline on_ref({.model = golden_path("toy_painter"), .policy = Policy(Precision::f32)},
                  {oracle.get()});
  Pipeline exact({.model = golden_path("toy_painter"), .policy = Policy(Precision::f32)},
                 {backend.get()});
  CHECK(relative_error(exact.paint_one(request).latent.values,
                       on_ref.paint_one(request).latent.values) <= 2e-6);
}

TEST_CASE("prompt chunks: a prompt without the grammar is text, and is cut") {
  const auto backend = make_cpu_backend({.threads = 1});
  std::vector<std::string> warnings;
  PipelineConfig config{.model = golden_path("toy_painter")};
  config.messages.warn = [&](const std::string& sentence) { warnings.push_back(sentence); };
  Pipeline pipeline(std::move(config), {backend.get()});
  PaintRequest request = small("", "[a|b] AND <lora:x:1>");
  for (int i = 0; i < 75; ++i) request.prompt += "cat ";
  request.prompt += "BREAK (the red mat:1.5)";
  request.grammar = request.negative_grammar = Grammar::literal;
  const Golden got = painted(pipeline, request);
  CHECK(got.ints("tokens").size() == 77);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == "the prompt is cut to 75 tokens; lost: break ( the red mat : 1 . 5 )");
  CHECK(pipeline.count_tokens({request.prompt}) > 75);

  request.grammar = Grammar::a1111;
  CHECK(painted(pipeline, request).ints("tokens").size() == 154);
  CHECK(warnings.size() == 1);
  CHECK(pipeline.count_tokens({"cat BREAK cat, cat", Grammar::a1111}) == 78);
  CHECK(pipeline.count_tokens({"((cat:1.5))", Grammar::a1111}) == 1);
  CHECK(pipeline.token_capacity() == 75);
}

TEST_CASE("prompt chunks: a LoRA in a prompt is the LoRA of the pipeline, for this prompt") {
  const auto backend = make_cpu_backend({.threads = 1});
  std::vector<std::string> warnings;
  PipelineConfig config{.model = golden_path("toy_painter"), .lora_dir = golden_path("")};
  config.messages.warn = [&](const std::string& sentence) { warnings.push_back(sentence); };
  Pipeline pipeline(config, {backend.get()});
  const std::vector<uint8_t> base = pipeline.paint_one(small("a cat", "")).image.rgb;
  const PaintRequest tagged = small("a <lora:lora_style:0.25>cat<lora:lora_style:0.5>", "");
  const std::vector<uint8_t> styled = pipeline.paint_one(tagged).image.rgb;
  CHECK(styled != base);
  CHECK(pipeline.paint_one(small("a cat", "")).image.rgb == base);

  Pipeline expected({.model = golden_path("toy_painter"),
                     .loras = {Lora::open(golden_path("lora_style.safetensors"), 0.75f)}},
                    {backend.get()});
  CHECK(expected.paint_one(small("a cat", "")).image.rgb == styled);

  CHECK_THROWS_WITH_AS(pipeline.paint_one(small("a <lora:gone:1>", "")),
                       (golden_path("") + ": there is no LoRA gone in this folder").c_str(), Error);
  CHECK(pipeline.paint_one(tagged).image.rgb == styled);

  // In a negative prompt it does nothing, and says so.
  CHECK(warnings.empty());
  CHECK(pipeline.paint_one(small("a cat", "<lora:lora_style:1>")).image.rgb == base);
  CHECK(warnings ==
        std::vector<std::string>{"<lora:lora_style> does nothing in a negative prompt"});

  const Pipeline::Resolution made = pipeline.check(tagged);
  CHECK(infotext(tagged, made, 1, {}).starts_with(tagged.prompt + "\n"));
}

TEST_CASE("prompt chunks: weights that leave no mean are refused") {
  std::vector<float> hidden{1, -1, 2, 3};
  CHECK_THROWS_AS(emphasize(hidden, std::vector<float>{1, 0}), Error);
  hidden = {1, 3, 2, 2};
  emphasize(hidden, std::vector<float>{2, 1});
  const std::vector<float> expected{2 * 8.0f / 12, 6 * 8.0f / 12, 2 * 8.0f / 12, 2 * 8.0f / 12};
  CHECK(relative_error(hidden, expected) <= 1e-7);
}
