// Whole networks: known logits, gradients against finite differences in f64, and 300 steps beside
// PyTorch.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "engine/training/data/art_source.h"
#include "engine/training/networks.h"
#include "engine/training/seeds.h"
#include "engine/training/trainer.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "tests/support/golden.h"
#include "tests/training/reference.h"

using namespace yent;
using namespace yent::training;
using reference::Rows;

namespace {

const TrainingDevice device("", 2);

// A spec with small tables, so that every weight can be tried.
TransformerSpec small(TransformerSpec spec, int width, int heads, int vocabulary) {
  spec.layers = 2;
  spec.width = width;
  spec.heads = heads;
  spec.hidden = width + 3;
  spec.vocabulary = vocabulary;
  for (auto& table : spec.tables) table.rows = 5;
  spec.tables.front().rows = vocabulary;
  return spec;
}

Batch random_batch(const TransformerSpec& spec, unsigned seed) {
  std::mt19937 generator(seed);
  const auto below = [&](int n) { return static_cast<int32_t>(generator() % n); };
  Batch batch;
  batch.segments = {{0, 6}, {6, 3}};
  batch.ids.resize(spec.tables.size());
  for (int r = 0; r < 9; ++r) {
    batch.ids[0].push_back(below(spec.vocabulary));
    for (size_t t = 1; t < spec.tables.size(); ++t) {
      batch.ids[t].push_back(below(spec.tables[t].rows + 1) - 1);
    }
    for (size_t a = 0; a < spec.rotation.axes; ++a) batch.positions.push_back(below(9));
    batch.targets.push_back(below(spec.vocabulary));
    batch.weights.push_back(r == 4 ? 0 : 0.2f + 0.1f * static_cast<float>(r));
  }
  if (spec.dropout > 0) batch.dropout_key = seed | 1;
  return batch;
}

void check_gradients(const TransformerSpec& spec) {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  const Batch batch = random_batch(spec, seed);
  Transformer network(spec, device);
  std::vector<Rows> values;
  for (Parameter& p : network.parameters()) {
    const bool gain = p.role == Role::gain;
    const size_t columns = p.dims.back();
    values.push_back(reference::normal_rows(p.value.size() / columns, columns,
                                            seed + unsigned(values.size()), 0.5));
    if (gain) {
      for (double& v : values.back().values) v = double(float(1 + 0.3 * v));
    }
    p.value = reference::to_f32(values.back()).values;
  }
  const auto loss = [&] {
    return reference::cross_entropy(reference::logits(spec, values, batch), batch.targets,
                                    batch.weights);
  };
  CHECK(network.step(batch) == doctest::Approx(loss()).epsilon(1e-5));
  size_t i = 0;
  for (const Parameter& p : network.parameters()) {
    CAPTURE(p.name);
    CHECK(reference::difference(p.gradient.data(), reference::gradient(values[i++], loss)) < 1e-4);
  }
}

}  // namespace

// The test vectors of the published network's description.
TEST_CASE("training: the forward pass of character diffusion") {
  TransformerSpec spec = char_diffusion_spec({2, 2, 8});
  spec.vocabulary = 8;
  spec.tables[0].rows = 8;
  spec.tables[1].rows = 4;
  Transformer network(spec, device);
  const auto fill = [&](const std::string& name, double seed, double scale) {
    for (Parameter& p : network.parameters()) {
      for (size_t n = 0; p.name == name && n < p.value.size(); ++n) {
        p.value[n] = static_cast<float>(scale * std::sin(seed + 0.37 * double(n)));
      }
    }
  };
  fill("token_emb.weight", 1, 1);
  fill("time_emb.weight", 2, 0.5);
  fill("output_head.weight", 3, 1);
  const char* names[] = {"attn.c_q",    "attn.c_k", "attn.c_v",
                         "attn.c_proj", "mlp.c_fc", "mlp.c_proj"};
  for (int l = 0; l < 2; ++l) {
    for (int i = 0; i < 6; ++i) {
      fill("blocks." + std::to_string(l) + "." + names[i] + ".weight", 10 * (l + 1) + i, 0.4);
    }
  }
  const Batch batch{.segments = {{0, 6}},
                    .ids = {{3, 5, 0, 0, 0, 0}, std::vector<int32_t>(6)},
                    .positions = {0, 1, 2, 3, 4, 5},
                    .targets = std::vector<int32_t>(6),
                    .weights = std::vector<float>(6)};
  const Matrix& logits = network.forward(batch);
  const double expected[3][8] = {
      {-0.751526, 1.624651, -2.444349, 3.183664, -3.818282, 4.327335, -4.694082, 4.906462},
      {2.349047, -3.103419, 3.755734, -4.284540, 4.672447, -4.906700, 4.979594, -4.888732},
      {2.354698, -3.107696, 3.758497, -4.285697, 4.671962, -4.904587, 4.975922, -4.883623}};
  const size_t rows[] = {0, 2, 5};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t c = 0; c < 8; ++c) {
      CHECK(std::abs(double(logits.row(rows[i])[c]) - expected[i][c]) < 1e-5);
    }
  }
}

TEST_CASE("training: all gradients of character diffusion") {
  check_gradients(small(char_diffusion_spec({}), 12, 3, 7));
}

TEST_CASE("training: all gradients of the ASCII transformer") {
  check_gradients(small(ascii_spec(AsciiTransformerConfig::preset("tiny")), 8, 2, 7));
}

TEST_CASE("training: shapes of the presets") {
  const auto parameters = [](const char* preset) {
    const Transformer network(ascii_spec(AsciiTransformerConfig::preset(preset)), device);
    return double(network.count()) / 1e6;
  };
  CHECK(parameters("test") == doctest::Approx(0.20).epsilon(0.05));
  CHECK(parameters("tiny") == doctest::Approx(2.0).epsilon(0.05));
  CHECK(parameters("small") == doctest::Approx(11.2).epsilon(0.01));
  const Transformer published(char_diffusion_spec({}), device);
  CHECK(published.parameters().size() == 39);
  CHECK(published.count() == 10764288);
  CHECK_THROWS_AS(check_shape({2, 5, 64}), yent::Error);
}

namespace {

// Uniform in [-1, 1) from two numbers, as tests/golden/training.py draws it.
float uniform(uint64_t stream, uint64_t n) {
  return static_cast<float>(double(mix(stream, n) >> 40) * 0x1p-23 - 1);
}

void initialize_uniformly(Transformer& network, float table_deviation) {
  uint64_t stream = 100;
  for (Parameter& p : network.parameters()) {
    float deviation = table_deviation;
    if (p.role == Role::inward) deviation = 1 / std::sqrt(float(p.dims[1]));
    if (p.role == Role::outward) deviation = 0.02f;
    for (size_t i = 0; i < p.value.size(); ++i) {
      p.value[i] = p.role == Role::gain ? 1 : std::sqrt(3.0f) * deviation * uniform(stream, i);
    }
    ++stream;
  }
}

// A text that repeats every 13 characters, masked as character diffusion does it.
struct TextBatches : SequenceSource {
  static constexpr uint64_t kBatch = 4, kLength = 48;
  std::vector<Sequence> training(uint64_t, int64_t step) const override {
    std::vector<Sequence> sequences;
    for (uint64_t b = 0; b < kBatch; ++b) {
      const uint64_t n = uint64_t(step) * kBatch + b, at = mix(12, n) % 1000;
      const auto time = static_cast<int32_t>(mix(13, n) % 128);
      Sequence s;
      s.ids.resize(2);
      for (uint64_t i = 0; i < kLength; ++i) {
        const auto id = static_cast<int32_t>(32 + mix(11, (at + i) % 13) % 64);
        const bool masked = i >= 4 && mix(14, n * kLength + i) % 128 < uint64_t(time) + 1;
        s.ids[0].push_back(masked ? 0 : id);
        s.ids[1].push_back(time);
        s.positions.push_back(static_cast<int32_t>(i));
        s.targets.push_back(id);
        s.weights.push_back(masked ? 1.0f : 0.0f);
      }
      sequences.push_back(s);
    }
    return sequences;
  }
  std::vector<Sequence> validation() const override { return {}; }
};

// Patterns of three kinds in grids of several sizes; the kind is the prompt.
struct PatternBatches : SequenceSource {
  static constexpr uint64_t kBatch = 4;
  std::vector<Sequence> training(uint64_t, int64_t step) const override {
    std::vector<Sequence> sequences;
    for (uint64_t b = 0; b < kBatch; ++b) {
      const uint64_t n = uint64_t(step) * kBatch + b, kind = mix(23, n) % 3;
      const uint64_t width = 4 + mix(21, n) % 4, height = 3 + mix(22, n) % 3;
      art::Drawing drawing{int(width), int(height), {}};
      for (uint64_t r = 0; r < height; ++r) {
        std::u32string row;
        for (uint64_t c = 0; c < width; ++c) {
          row += (r + c + kind) % 3 == 0 ? U' ' : char32_t(33 + (kind * 7 + r * c + c) % 40);
        }
        drawing.rows.push_back(row);
      }
      const bool hidden = mix(24, n) % 4 == 0;
      sequences.push_back(art_sequence(drawing,
                                       art::prompt_tokens(std::string(1, char('a' + kind)) + " b"),
                                       {hidden ? 0 : int(width), int(height), int(kind)}));
    }
    return sequences;
  }
  std::vector<Sequence> validation() const override { return {}; }
};

void check_curve(const char* name, Transformer& network, const SequenceSource& source,
                 const OptimizerSettings& optimizer) {
  const Json golden = read_json(golden_path("training.json"));
  const auto expected = golden.at(name).get<std::vector<double>>();
  REQUIRE(expected.size() == 300);
  Trainer trainer(network, device, source,
                  {.steps = 300, .optimizer = optimizer, .batch_rows = 100});
  double most = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    most = std::max(most, std::abs(trainer.step().loss / expected[i] - 1));
  }
  MESSAGE(name << ": the loss differs from PyTorch's by at most " << most * 100 << " %, it ends at "
               << expected.back());
  CHECK(most < 0.01);
}

}  // namespace

TEST_CASE("training: 300 steps of character diffusion beside PyTorch") {
  Transformer network(char_diffusion_spec({2, 2, 32}), device);
  initialize_uniformly(network, 1);
  check_curve("char_diffusion", network, TextBatches(),
              {.learning_rate = 3e-3, .decay = 0.01, .tables_decay = true});
}

TEST_CASE("training: 300 steps of the ASCII transformer beside PyTorch") {
  AsciiTransformerConfig config;
  config.layers = config.heads = 2;
  config.width = 32;
  config.ffn = AsciiTransformerConfig::ffn_of(config.width);
  TransformerSpec spec = ascii_spec(config);
  spec.dropout = 0;  // PyTorch chooses other elements
  Transformer network(spec, device);
  initialize_uniformly(network, 0.02f);
  check_curve("ascii_transformer", network, PatternBatches(),
              {.learning_rate = 3e-3,
               .beta2 = 0.95,
               .decay = 0.1,
               .clip = 1,
               .warm_up = 0.02,
               .final_share = 0.1});
}
