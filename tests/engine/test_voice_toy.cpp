// A whole small voice, from words to words: a Q8_0 GGUF file. It is compared with transformers.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/pipeline/language/language_model.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

using namespace yent;

TEST_CASE("voice_toy: a GGUF file says what transformers says with its weights") {
  const Golden golden("toy_voice");
  for (const bool reference : {true, false}) {
    CAPTURE(reference);
    const auto backend = reference ? make_ref_backend() : make_cpu_backend({.threads = 1});
    const Policy policy(Precision::f32);
    LanguageModel voice(golden_path("toy_voice.gguf"), *backend, policy, 0);
    LanguageModel::Request request;
    request.text = golden.config["prompt"].get<std::string>();
    request.max_tokens = 24;
    request.sampling.temperature = 0;
    request.keep_logits = true;
    std::mt19937_64 generator(1);
    for (int again = 0; again < 2; ++again) {  // the second time from an empty conversation, too
      const auto got = voice.generate(request, generator, [](std::string_view) { return true; });
      CHECK(got.prompt == golden.ints("tokens"));
      CHECK(got.generated == golden.ints("generated"));
      const std::vector<float> logits = golden.rows("logits");
      INFO(worst(got.logits, logits));
      const double limit = network_limit(golden.config["torch_f32_error"].get<double>());
      // AVX2 rounds the inputs of quantized weights to 16 bits.
      CHECK(relative_error(got.logits, logits) <= (backend->isa() == "avx2" ? 1e-4 : limit));
    }
  }
}
