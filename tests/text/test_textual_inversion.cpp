// Words that were learned: files as tools write them, and prompts with them, against diffusers
// (tests/golden/textual_inversion.py).
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"

using namespace yent;
namespace fs = std::filesystem;

namespace {

constexpr int kWords = 558;  // the toy painter's vocabulary

struct Asked {
  Pipeline pipeline;
  std::vector<std::string> warnings = {};

  Asked(Backend& backend, std::vector<TextualInversion> embeddings, Precision precision = {})
      : pipeline({.model = golden_path("toy_painter"),
                  .policy = Policy(precision),
                  .embeddings = std::move(embeddings),
                  .messages = {.warn = [this](const std::string& s) { warnings.push_back(s); }}},
                 {&backend}) {}

  Golden dump(const std::string& prompt, const std::string& negative,
              Grammar grammar = Grammar::literal) {
    const test::TemporaryFolder folder;
    Dump dump;
    PaintRequest request{.prompt = prompt, .negative = negative, .dump = &dump};
    request.spec = {.width = 16, .height = 16, .steps = 1};
    request.grammar = request.negative_grammar = grammar;
    pipeline.paint_one(request);
    dump.write(folder / "dump.safetensors");
    return Golden(read_safetensors(folder / "dump.safetensors"));
  }
};

std::vector<TextualInversion> all_files() {
  std::vector<TextualInversion> all;
  const Golden golden("textual_inversion");
  for (const Json& name : golden.config["files"]) {
    all.push_back(read_textual_inversion(golden_path("ti/" + name.get<std::string>())));
  }
  return all;
}

TextualInversion made(const std::string& word, int vectors, const std::string& other = {}) {
  TextualInversion e{.path = word + ".pt", .word = word, .other_word = other};
  e.vectors = vectors;
  e.width = 32;
  e.values.assign(static_cast<size_t>(vectors) * 32, 0.5f);
  return e;
}

// The ids behind the vocabulary, less its size.
std::vector<int32_t> learned(const Golden& dump, const std::string& name = "tokens") {
  std::vector<int32_t> ids;
  for (const int32_t id : dump.ints(name)) {
    if (id >= kWords) ids.push_back(id - kWords);
  }
  return ids;
}

std::string refusal(const std::vector<TextualInversion>& embeddings) {
  const auto backend = make_cpu_backend({.threads = 1});
  try {
    Asked asked(*backend, embeddings);
    asked.pipeline.count_tokens({"a cat"});
  } catch (const Error& error) {
    CHECK(error.kind() == Error::file);
    return error.what();
  }
  return "";
}

void check_cases(Backend& backend, Precision precision) {
  const Golden golden("textual_inversion");
  Asked asked(backend, all_files(), precision);
  for (const Json::Member& c : golden.config["cases"].items()) {
    CAPTURE(c.key);
    const Golden got = asked.dump(c.value[0].get<std::string>(), c.value[1].get<std::string>());
    for (const std::string side : {"cond", "uncond"}) {
      CAPTURE(side);
      const std::string tokens = side == "cond" ? "tokens" : "tokens_uncond";
      CHECK(got.ints(tokens) == golden.ints(c.key + "." + tokens));
      const std::vector<float> full = got.rows(side), expected = golden.rows(c.key + "." + side);
      std::vector<float> kept;
      for (size_t row = 0; row < 77; row += 7) {
        kept.insert(kept.end(), &full[row * 32], &full[row * 32] + 32);
      }
      INFO(worst(kept, expected));
      const bool exact = precision == Precision::f32;
      CHECK(relative_error(kept, expected) <= (exact ? 2e-6 : network_limit(precision)));
    }
  }
}

}  // namespace

TEST_CASE("textual inversion: hidden states are diffusers'") {
  check_cases(*make_cpu_backend({.threads = 1}), Precision::f32);
}

TEST_CASE("textual inversion: on the reference backend and in int8 too") {
  check_cases(*make_ref_backend(), Precision::f32);
  check_cases(*make_cpu_backend({.threads = 1}), Precision::int8);
}

TEST_CASE("textual inversion: what the files of all tools call a word") {
  const std::vector<TextualInversion> all = all_files();
  REQUIRE(all.size() == 5);
  const auto is = [](const TextualInversion& e, const char* word, const char* other, int vectors) {
    CAPTURE(e.path);
    CHECK(e.word == word);
    CHECK(e.other_word == other);
    CHECK(e.vectors == vectors);
    CHECK(e.width == 32);
  };
  is(all[0], "<one>", "", 1);
  is(all[1], "<cat-toy>", "", 3);
  is(all[2], "badhands-500", "badhands", 2);
  is(all[3], "moody", "", 2);
  is(all[4], "oldhands", "oldhands", 4);
}

TEST_CASE("textual inversion: words are found in any case, not inside longer words") {
  const auto backend = make_cpu_backend({.threads = 1});
  Asked asked(*backend, {made("BadHands", 2, "old name"), made("<x>", 1)});
  const std::vector<int32_t> both{0, 1, 2};
  CHECK(learned(asked.dump("badhands <X>", "")) == both);
  CHECK(learned(asked.dump("a BADHANDS,a<x>b", "")) == both);
  CHECK(learned(asked.dump("the Old  Name of <x>", "")) == both);
  CHECK(learned(asked.dump("badhandsome xbadhands badhands2", "<x> badhands")).empty());
  CHECK(learned(asked.dump("cat", "<x> badhands"), "tokens_uncond") ==
        std::vector<int32_t>{2, 0, 1});
  CHECK(asked.pipeline.count_tokens({"badhands <x>"}) == 3);
  CHECK(asked.warnings.empty());
  asked.dump("cat", "badhands");
  CHECK(asked.warnings ==
        std::vector<std::string>{"the embedding <x> is not used: no prompt has this word"});
}

TEST_CASE("textual inversion: the grammar weights an embedding and keeps it in one chunk") {
  const auto backend = make_cpu_backend({.threads = 1});
  Asked asked(*backend, {made("<x>", 40)});
  std::string prompt = "(<x>:1.5)";
  for (int i = 0; i < 34; ++i) prompt += " cat";
  const Golden got = asked.dump(prompt + " <X>", "", Grammar::a1111);
  const std::vector<int32_t> ids = got.ints("tokens");
  REQUIRE(ids.size() == 154);
  CHECK(ids[1] == kWords);
  CHECK(ids[40] == kWords + 39);
  CHECK(ids[77 + 1] == kWords);
  CHECK(ids[77 + 40] == kWords + 39);
  const std::vector<float> weighted = got.rows("cond");
  const std::vector<float> plain =
      asked.dump(prompt.substr(1, 3) + prompt.substr(9) + " <x>", "", Grammar::a1111).rows("cond");
  const double ratio = weighted[32 * 5] / plain[32 * 5], rest = weighted[32 * 60] / plain[32 * 60];
  CHECK(ratio / rest == doctest::Approx(1.5).epsilon(1e-4));
}

TEST_CASE("textual inversion: what does not fit is one sentence") {
  TextualInversion narrow = made("<x>", 1);
  narrow.width = 768;
  narrow.values.resize(768);
  CHECK(refusal({narrow}) == "<x>.pt: vectors of 768, expected the text encoder's 32");
  CHECK(refusal({made("<x>", 76)}) == "<x>.pt: 76 vectors, expected at most 75");
  CHECK(refusal({made("<x>", 75)}) == "");
  CHECK(refusal({made("<x>", 1), made("<X>", 2)}) ==
        "<X>.pt: the word <X> is already that of <x>.pt");
  CHECK(refusal({made(" ", 1)}) == " .pt: the word of the embedding is empty");
  CHECK(refusal({made("<x>", 1, "same"), made("<y>", 1, "same"), made("same", 1)}) == "");

  const auto backend = make_cpu_backend({.threads = 1});
  CHECK_THROWS_AS(Pipeline({.model = golden_path("toy_painter"),
                            .embeddings = {made("<x>", 1)},
                            .text_is_given = true},
                           {backend.get()}),
                  Error);
}

TEST_CASE("textual inversion: any byte of a file may be wrong") {
  for (const char* name : {"badhands-500.pt", "oldhands.pt", "toy.safetensors"}) {
    CAPTURE(name);
    const test::Damage d = test::damage(
        test::contents(golden_path(std::string("ti/") + name)), name,
        [](const fs::path& path) { CHECK(read_textual_inversion(path).values.size() < 1000); });
    CHECK(d.cuts_accepted == 0);
  }
}

TEST_CASE("textual inversion: files that are no embedding") {
  const test::TemporaryFolder folder;
  const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, NAN};
  const auto tensor = [&](const char* name, std::vector<int64_t> dims, size_t from = 0) {
    HostTensor t{name, DType::f32, std::move(dims)};
    t.data = reinterpret_cast<const std::byte*>(values.data() + from);
    t.bytes = static_cast<size_t>(t.count()) * sizeof(float);
    return t;
  };
  const auto sentence = [&](const std::vector<HostTensor>& tensors) -> std::string {
    write_safetensors(folder / "e.safetensors", tensors);
    try {
      read_textual_inversion(folder / "e.safetensors");
    } catch (const Error& error) {
      CHECK(error.kind() == Error::file);
      return error.what();
    }
    return "";
  };
  CHECK(sentence({tensor("clip_l", {2, 2})}) == "");
  CHECK(sentence({tensor("*", {4})}) == "");
  CHECK(sentence({tensor("a", {2}), tensor("b", {2})}).find("2 tensors, expected one embedding") !=
        std::string::npos);
  CHECK(sentence({tensor("clip_l", {2}), tensor("clip_g", {2})}).find("SDXL") != std::string::npos);
  CHECK(sentence({tensor("a", {1, 2, 2})}).find("a is {1, 2, 2} f32, expected vectors {n, d}") !=
        std::string::npos);
  CHECK(sentence({tensor("a", {0, 4})}).find("expected vectors") != std::string::npos);
  CHECK(sentence({tensor("a", {})}).find("expected vectors") != std::string::npos);
  CHECK(sentence({tensor("a", {2}, 6)}).find("not finite") != std::string::npos);
  CHECK(sentence({}).find("0 tensors") != std::string::npos);
}
