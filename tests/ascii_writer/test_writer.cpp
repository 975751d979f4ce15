// Drawings of untrained networks, through files: sizes, precisions, seeds and threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/ascii_writer/export.h"
#include "engine/ascii_writer/writer.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/ref/ref_backend.h"
#include "loaders/io/output_file.h"
#include "tests/support/compare.h"
#include "tests/support/every_isa.h"
#include "tests/support/hostile.h"

using namespace yent;
using namespace yent::art;

namespace {

AsciiTransformerConfig test_config(int block_size = 4096) {
  auto config = AsciiTransformerConfig::preset("test");
  config.block_size = block_size;
  return config;
}

std::vector<QuantMethod> both_methods() {
  return {*find_quant_method("int8"), *find_quant_method("int4")};
}

// A folder with the test network in every precision.
struct Files {
  explicit Files(const AsciiTransformerConfig& config = test_config(), uint64_t seed = 1) {
    const auto backend = make_ref_backend();
    written = export_model(untrained_weights(config, seed), config,
                           {folder.path(), DType::f32, both_methods()}, *backend);
  }
  test::TemporaryFolder folder;
  std::vector<ExportedFile> written;
};

DrawingRequest exactly(int width, int height, const std::string& prompt = "cat") {
  DrawingRequest request;
  request.prompt = prompt;
  request.rules.width = {Limit::exactly, width};
  request.rules.height = {Limit::exactly, height};
  return request;
}

void check_size(const Finished& drawing, int width, int height) {
  CHECK(drawing.height() == height);
  for (const std::u32string& row : drawing.rows) {
    CHECK(static_cast<int>(row.size()) == width);
    for (const char32_t c : row) CHECK(token_of(c) != kUnknown);
  }
}

}  // namespace

TEST_CASE("writer: 1000 random requests on untrained weights are exactly W x H") {
  const Files files(test_config(1024));
  const auto backend = make_cpu_backend({.threads = 1});
  Writer writer(open_model(files.folder.path()), *backend, Policy());
  std::mt19937 random(1000);
  for (int n = 0; n < 1000; ++n) {
    const int width = 1 + static_cast<int>(random() % (n % 10 == 0 ? 60 : 9));
    const int height = 1 + static_cast<int>(random() % (n % 10 == 1 ? 60 : 6));
    std::string prompt;
    for (size_t i = random() % 20; i > 0; --i) prompt += static_cast<char>(' ' + random() % 95);
    DrawingRequest request = exactly(width, height, prompt);
    request.seed = random();
    request.rules.style = static_cast<int>(random() % kStyles);
    request.rules.characters = characters_of_style(request.rules.style);
    check_size(writer.draw(request).front(), width, height);
  }
}

TEST_CASE("writer: greedy and sampled drawings are the same on any number of threads") {
  const Files files;
  std::vector<std::string> drawn;
  for (const int threads : {1, 2, 3}) {
    const auto backend = make_cpu_backend({.threads = threads});
    Writer writer(open_model(files.folder.path()), *backend, Policy());
    DrawingRequest request = exactly(20, 6);
    request.seed = 9;
    request.candidates = 3;
    std::string all;
    int rows = 0;
    const auto drawings = writer.draw(request, [&](int candidate, const std::u32string& row) {
      CHECK(candidate == rows++ / 6);
      CHECK(row.size() == 20);
    });
    CHECK(rows == 18);
    for (const Finished& d : drawings) all += text_of(d, true);
    // A candidate is what its seed gives alone.
    request.candidates = 1;
    request.seed = 11;
    CHECK(text_of(writer.draw(request).front(), true) == text_of(drawings[2], true));
    CHECK(drawings[2].seed == 11);
    CHECK(drawings[best_of(drawings)].mean_log_probability >= drawings[0].mean_log_probability);
    drawn.push_back(all);
  }
  CHECK(drawn[0] == drawn[1]);
  CHECK(drawn[0] == drawn[2]);
}

TEST_CASE("writer: guesses make it read several tokens at once, and change nothing") {
  const Files files;
  for (const char* precision : {"f32", "int8", "int4"}) {
    on_every_isa([&](Backend& backend) {
      Writer writer(open_model(files.folder.path(), precision), backend, Policy());
      for (const Limit limit : {Limit::exactly, Limit::at_most}) {
        DrawingRequest request = exactly(17, 9);
        request.rules.width.limit = request.rules.height.limit = limit;
        request.rules.characters = TokenSet().set('#').set(' ');  // so that many guesses are right
        request.seed = 4;
        request.candidates = 2;
        std::vector<std::string> drawn;
        std::vector<size_t> reads;
        for (const bool guesses : {false, true}) {
          Timings timings;
          request.timings = &timings;
          request.guesses = guesses;
          std::string all;
          for (const Finished& d : writer.draw(request)) {
            all += fmt::format("{}{} {}\n", text_of(d, true), d.tokens, d.mean_log_probability);
          }
          drawn.push_back(all);
          reads.push_back(timings.stages().back().ms.size());
        }
        CHECK(drawn[0] == drawn[1]);
        if (limit == Limit::exactly) CHECK(reads[1] < reads[0] * 9 / 10);
      }
    });
  }
}

TEST_CASE("writer: every precision on every instruction set") {
  const Files files;
  const auto reference = make_ref_backend();
  const auto sequence = [] {
    auto all = sequence_head(prompt_tokens("cat"), {16, 8, kAny});
    const auto tail = sequence_tail(drawing_of("/\\ /\\\n\\/ \\/\n"), {16, 8, kAny});
    all.insert(all.end(), tail.begin(), tail.end());
    return all;
  }();
  const auto logits = [&](Backend& backend, const std::string& precision) {
    const ModelFiles opened = open_model(files.folder.path(), precision);
    CHECK(opened.precision == precision);
    const AsciiTransformer network = load_network(opened, backend, Policy());
    Workspace ws(backend);
    Ctx c{backend, ws};
    auto state = network.start(64);
    return network(c, state, sequence, true);
  };
  for (const char* precision : {"f32", "int8", "int4"}) {
    CAPTURE(precision);
    const std::vector<float> expected = logits(*reference, precision);
    const float range = std::ranges::max(expected) - std::ranges::min(expected);
    on_every_isa([&](Backend& backend) {
      const std::vector<float> got = logits(backend, precision);
      float most = 0;
      for (size_t i = 0; i < got.size(); ++i) most = std::max(most, std::abs(got[i] - expected[i]));
      CHECK(most <= 1e-4f * range);
    });
  }
}

TEST_CASE("writer: f16 draws the same greedy picture") {
  const auto config = test_config();
  const test::TemporaryFolder folder;
  const auto backend = make_cpu_backend({.threads = 1});
  const TensorSet weights = untrained_weights(config, 4);
  std::vector<std::string> drawn;
  for (const DType dtype : {DType::f32, DType::f16}) {
    const auto files = export_model(weights, config, {folder.path(), dtype}, *backend);
    CHECK(files.front().cosine > 0.9999);
    Writer writer(open_model(folder.path()), *backend, Policy());
    CHECK(writer.files().precision == dtype_name(dtype));
    DrawingRequest request = exactly(16, 8);
    request.sampling.temperature = 0;
    drawn.push_back(text_of(writer.draw(request).front(), true));
  }
  CHECK(drawn[0] == drawn[1]);
}

TEST_CASE("writer: requests that make no sense, and text") {
  const Files files(test_config(300));
  const auto backend = make_cpu_backend({.threads = 1});
  Writer writer(open_model(files.folder.path()), *backend, Policy());
  CHECK_THROWS_WITH(writer.draw(exactly(64, 32)),
                    "a drawing of 64 x 32 needs 2080 tokens behind its prompt, expected at most "
                    "292");
  CHECK_THROWS_WITH(writer.draw(exactly(2, 2, std::string(129, 'x'))),
                    "the prompt has 129 characters, expected at most 128");
  const Finished drawing{.rows = {U"a ", U" b  ", U""}};
  CHECK(text_of(drawing, false) == "a\n b\n\n");
  CHECK(text_of(drawing, true) == "a   \n b  \n    \n");
}

TEST_CASE("writer: logits that are no numbers are an error") {
  const auto config = test_config();
  TensorSet weights = untrained_weights(config, 1);
  for (const HostTensor& t : weights.tensors) {
    if (t.name != "head.weight") continue;
    auto* values = const_cast<float*>(reinterpret_cast<const float*>(t.data));
    values[70] = std::nanf("");
  }
  const auto backend = make_cpu_backend({.threads = 1});
  Writer writer({"memory", config, std::make_shared<const TensorSet>(weights), "f32", ""}, *backend,
                Policy());
  CHECK_THROWS_WITH(writer.draw(exactly(4, 4)), "the logits of the drawing are not finite numbers");
}

TEST_CASE("writer: a cancelled drawing stops") {
  const Files files;
  const auto backend = make_cpu_backend({.threads = 1});
  Writer writer(open_model(files.folder.path()), *backend, Policy());
  CancelToken cancel;
  DrawingRequest request = exactly(8, 8);
  request.cancel = &cancel;
  int rows = 0;
  const auto stop = [&](int, const std::u32string&) {
    if (++rows == 3) cancel.cancel();
  };
  CHECK_THROWS_AS(writer.draw(request, stop), Error);
  CHECK(rows == 3);
  request.cancel = nullptr;
  check_size(writer.draw(request).front(), 8, 8);
}
