// What a GGUF file's metadata says of the network: honoured, or refused by name.
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/models/llama.h"
#include "kernels/error.h"
#include "loaders/tensors/gguf.h"
#include "loaders/tensors/write/gguf_writer.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

using More = std::function<void(GgufWriter&)>;

// The config of a small file with `more` in its metadata.
LlamaConfig config_with(const More& more) {
  const test::TemporaryFolder folder;
  GgufWriter out(folder / "small.gguf");
  out.set_text("general.architecture", "llama");
  for (const auto& [key, value] : {std::pair<const char*, uint32_t>{"llama.block_count", 1},
                                   {"llama.embedding_length", 32},
                                   {"llama.feed_forward_length", 64},
                                   {"llama.attention.head_count", 4},
                                   {"llama.context_length", 128}}) {
    out.set_u32(key, value);
  }
  out.set_texts("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b"});
  more(out);
  out.declare("token_embd.weight", DType::f32, {2, 32});
  const std::vector<std::byte> zeros(2 * 32 * sizeof(float));
  out.write(zeros);
  out.finish();
  return LlamaConfig::from_gguf(GgufFile::open(folder / "small.gguf"));
}

std::string refused(const More& more) {
  return test::refusal([&] { config_with(more); });
}

}  // namespace

TEST_CASE("llama_config: positions are scaled as llama.cpp reads the keys") {
  const auto scale = [](const char* type, const char* key, float factor) {
    return config_with([&](GgufWriter& out) {
             if (type) out.set_text("llama.rope.scaling.type", type);
             if (key) out.set_f32(key, factor);
           })
        .rope_scale;
  };
  const char *newer = "llama.rope.scaling.factor", *older = "llama.rope.scale_linear";
  CHECK(scale(nullptr, nullptr, 0) == 1);
  CHECK(scale("linear", newer, 4) == 4);
  CHECK(scale(nullptr, newer, 4) == 4);
  CHECK(scale(nullptr, older, 2) == 2);
  CHECK(scale("none", newer, 4) == 1);
  CHECK(refused([&](GgufWriter& out) {
          out.set_text("llama.rope.scaling.type", "yarn");
        }).find("llama.rope.scaling.type is yarn, expected none or linear") != std::string::npos);
  CHECK(refused([&](GgufWriter& out) {
          out.set_f32(newer, 0);
        }).find("llama.rope.scaling.factor is 0, expected a positive number") != std::string::npos);
}

TEST_CASE("llama_config: keys that change the arithmetic are never passed over") {
  const std::pair<const char*, float> other[] = {
      {"attention.clamp_kqv", 8},      {"attention.scale", 0.5f}, {"attn_logit_softcapping", 50},
      {"final_logit_softcapping", 30}, {"logit_scale", 0.5f},     {"embedding_scale", 12},
      {"residual_scale", 0.25f}};
  for (const auto& row : other) {
    const std::string name = std::string("llama.") + row.first;
    const float value = row.second;
    CAPTURE(name);
    const std::string sentence = refused([&](GgufWriter& out) { out.set_f32(name, value); });
    CHECK(sentence.find(name) != std::string::npos);
    CHECK(sentence.find("which this engine does not know") != std::string::npos);
  }
  CHECK(refused([](GgufWriter& out) { out.set_f32("llama.logit_scale", 1); }).empty());
  CHECK(refused([](GgufWriter& out) {
          out.set_u32("llama.attention.sliding_window", 16);
        }).find("expected the whole context of 128") != std::string::npos);
  CHECK(
      refused([](GgufWriter& out) { out.set_u32("llama.attention.sliding_window", 128); }).empty());
  CHECK(refused([](GgufWriter& out) {
          out.set_u32("llama.expert_count", 8);
        }).find("expected a model without experts") != std::string::npos);
}
