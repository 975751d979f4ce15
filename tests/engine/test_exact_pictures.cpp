// Whole runs under the policy int8-exact: the same pictures, byte for byte, on every instruction
// set of this machine and with one, two and five threads, and the same as on other machines. The
// hashes were made by these tests with AVX-512; they change when the arithmetic of the engine does.
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "engine/ascii/charset.h"
#include "engine/ascii/filter.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/language/language_model.h"
#include "engine/pipeline/named_policy.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/isa_table.h"
#include "tests/support/golden.h"

using namespace yent;

namespace {

// FNV-1a over bytes.
struct Hash {
  uint64_t value = 0xcbf29ce484222325;

  template <class T>
  void add(const std::vector<T>& numbers) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(numbers.data());
    for (size_t i = 0; i < numbers.size() * sizeof(T); ++i) {
      value = (value ^ bytes[i]) * 0x100000001b3;
    }
  }
};

// Calls `work` with a backend of every instruction set and number of threads, which must return the
// same hash each time.
void check_hash(uint64_t expected, const std::function<uint64_t(Backend&)>& work) {
  for (int i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (isa == Isa::ref || !supports(detect_features(), isa)) continue;
    INFO(std::string(isa_name(isa)));
    for (const int threads : {1, 2, 5}) CHECK(work(*make_table_backend(isa, threads)) == expected);
  }
}

uint64_t hash_of(const Painted& painted) {
  Hash hash;
  hash.add(painted.init.values);
  hash.add(painted.latent.values);
  hash.add(painted.image.rgb);
  const AsciiOptions ascii{.columns = 20, .charset = charset_from(named_charsets().front().name)};
  const Image& image = painted.image;
  hash.add(paint_ascii(draw_ascii(image, ascii), image.width, image.height).rgb);
  return hash.value;
}

uint64_t paint(Backend& backend, PipelineConfig config, const PaintRequest& request) {
  config.policy = named_policy("int8-exact", "", backend);
  Pipeline pipeline(std::move(config), {&backend});
  return hash_of(pipeline.paint_one(request));
}

PaintRequest small_request(const std::string& sampler) {
  PaintRequest request;
  request.prompt = "a red cat, street art";
  request.spec.steps = 3;
  request.spec.sampler = sampler;
  request.seed = 5;
  return request;
}

}  // namespace

TEST_CASE("exact pictures: a toy paints the same bytes everywhere") {
  check_hash(0xe8b91b24e45549f4u, [](Backend& backend) {
    return paint(backend, {.model = golden_path("toy_painter")}, small_request("dpm++2m"));
  });
}

TEST_CASE("exact pictures: so it does from a picture, with an adapter and drawn noise") {
  PaintRequest request = small_request("euler-a");
  request.picture = read_image(golden_path("toy_input.png"));
  request.spec.strength = 0.6;
  check_hash(0x347f58b66f8773b2u, [&](Backend& backend) {
    const Lora lora = Lora::open(golden_path("lora_style.safetensors"), 0.8f);
    return paint(backend, {.model = golden_path("toy_painter"), .loras = {lora}}, request);
  });
}

TEST_CASE("exact pictures: so does the model that comes with Yent, to the ASCII art") {
  PaintRequest request = small_request("ddim");
  request.spec.steps = 1;
  request.spec.width = request.spec.height = 128;
  check_hash(0x98b1d7687440f992u, [&](Backend& backend) {
    return paint(backend, {.model = shipped("default")}, request);
  });
}

TEST_CASE("exact pictures: a voice thinks the same numbers everywhere") {
  check_hash(0xd699eca7ca10203cu, [](Backend& backend) {
    LanguageModel voice(golden_path("toy_voice.gguf"), backend,
                        named_policy("int8-exact", "", backend), 0);
    LanguageModel::Request request;
    request.text = "a red duck";
    request.max_tokens = 12;
    request.sampling.temperature = 0.9f;
    request.keep_logits = true;
    std::mt19937_64 generator(1);
    const auto got = voice.generate(request, generator, [](std::string_view) { return true; });
    Hash hash;
    hash.add(got.generated);
    hash.add(got.logits);
    return hash.value;
  });
}
