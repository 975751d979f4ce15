// A training run: it goes on to the bit, gives the same bytes at any number of threads, and refuses
// states that are none.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "engine/training/data/art_source.h"
#include "engine/training/data/text_source.h"
#include "engine/training/networks.h"
#include "engine/training/trainer.h"
#include "kernels/error.h"
#include "tests/support/hostile.h"

using namespace yent;
using namespace yent::training;

namespace {

std::vector<uint8_t> letters(size_t count) {
  std::vector<uint8_t> ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(static_cast<uint8_t>(32 + i * i % 90));
  return ids;
}

TransformerSpec small_ascii() {
  AsciiTransformerConfig config;
  config.layers = config.heads = 1;
  config.width = 32;
  config.ffn = AsciiTransformerConfig::ffn_of(config.width);
  return ascii_spec(config);
}

std::vector<ArtPiece> some_art() {
  return {{.text = "/\\_/\\\n( o.o )\n", .style = 1, .title = "cat", .tags = {"animal", "pet"}},
          {.text = "+--+\n|  |\n+--+\n", .style = 4, .title = "box", .caption = "an empty box"},
          {.text = "<><\n", .style = 6, .title = "fish", .held_out = true}};
}

// The state after steps with a stop in between, and with this number of threads.
std::vector<uint8_t> trained(const TransformerSpec& spec, const SequenceSource& source,
                             const std::vector<int>& parts, int threads) {
  const test::TemporaryFolder folder;
  const TrainingDevice device("", threads);
  const TrainingPlan plan{.seed = 5,
                          .steps = 20,
                          .optimizer = {.clip = 1, .warm_up = 0.1, .final_share = 0.1},
                          .batch_rows = 90};
  bool first = true;
  for (const int part : parts) {
    Transformer network(spec, device);
    TrainingPlan resumed = plan;
    if (!first) resumed.seed = 99;  // the state's counts
    Trainer trainer(network, device, source, first ? plan : resumed);
    first ? initialize(network, 0.5f, plan.seed) : trainer.load(folder / "run.safetensors");
    for (int i = 0; i < part; ++i) trainer.step();
    trainer.save(folder / "run.safetensors", {{"note", "kept"}});
    CHECK(saved_settings(folder / "run.safetensors").at("note") == "kept");
    first = false;
  }
  return test::contents(folder / "run.safetensors");
}

}  // namespace

TEST_CASE("training: ten steps, a stop and ten steps are twenty, on any number of threads") {
  const TextSource text(letters(2000), {.batch = 3, .length = 40, .context = 4}, "text");
  const ArtSource art(some_art(), {.batch = 3}, "art");
  const std::pair<TransformerSpec, const SequenceSource*> runs[] = {
      {char_diffusion_spec({1, 2, 32}), &text}, {small_ascii(), &art}};
  for (const auto& [spec, source] : runs) {
    const auto whole = trained(spec, *source, {20}, 1);
    CHECK(trained(spec, *source, {10, 10}, 1) == whole);
    CHECK(trained(spec, *source, {10, 1, 9}, 3) == whole);
    CHECK(trained(spec, *source, {19}, 1) != whole);
  }
}

TEST_CASE("training: a state with any byte changed or cut short is read or refused") {
  TransformerSpec spec = char_diffusion_spec({1, 1, 2});
  spec.hidden = 1;
  spec.vocabulary = spec.tables[0].rows = spec.tables[1].rows = 1;
  const TextSource text(letters(20), {.batch = 1, .length = 3, .context = 0}, "text");
  const TrainingDevice device("", 1);
  Transformer network(spec, device);
  Trainer trainer(network, device, text, {.steps = 5});
  const test::TemporaryFolder folder;
  trainer.save(folder / "run.safetensors", {});
  const auto damage = test::damage(test::contents(folder / "run.safetensors"), "run.safetensors",
                                   [&](const std::filesystem::path& path) { trainer.load(path); });
  CHECK(damage.cuts_accepted == 0);
  CHECK(damage.changes_accepted < damage.changes / 2);

  write_weights(network, folder / "model.safetensors");
  CHECK(test::refusal([&] {
          trainer.load(folder / "model.safetensors");
        }).find("not the state of a training") != std::string::npos);
  Transformer wider(char_diffusion_spec({1, 1, 4}), device);
  Trainer other(wider, device, text, {.steps = 5});
  CHECK(test::refusal([&] { other.load(folder / "run.safetensors"); }).find("expected") !=
        std::string::npos);
}

TEST_CASE("training: the loss of a small text falls, and so does what is held out") {
  std::vector<uint8_t> ids;
  for (int i = 0; i < 3000; ++i) ids.push_back(static_cast<uint8_t>("abcdefgh"[i % 8]));
  const TextSource text(ids, {.batch = 8, .length = 32, .context = 4}, "text");
  const TrainingDevice device("", 2);
  Transformer network(char_diffusion_spec({2, 2, 32}), device);
  initialize(network, char_diffusion_table_deviation, 3);
  Trainer trainer(network, device, text, {.seed = 3, .steps = 60, .optimizer = {3e-3}});
  const double start = *trainer.validate();
  CHECK(start == doctest::Approx(std::log(128.0)).epsilon(0.001));  // the head begins at zero
  Trainer::Step last;
  for (int i = 0; i < 60; ++i) last = trainer.step();
  CHECK(last.number == 60);
  CHECK(last.loss < start / 2);
  CHECK(*trainer.validate() < start / 2);
}

TEST_CASE("training: the learning rate warms up and falls along a cosine") {
  const OptimizerSettings s{.learning_rate = 2, .warm_up = 0.1, .final_share = 0.1};
  CHECK(learning_rate(s, 0, 100) == doctest::Approx(0.2));
  CHECK(learning_rate(s, 9, 100) == doctest::Approx(2));
  CHECK(learning_rate(s, 10, 100) == doctest::Approx(2));
  CHECK(learning_rate(s, 55, 100) == doctest::Approx(1.1));
  CHECK(learning_rate(s, 100, 100) == doctest::Approx(0.2));
  CHECK(learning_rate({.learning_rate = 2}, 77, 100) == 2);
}
