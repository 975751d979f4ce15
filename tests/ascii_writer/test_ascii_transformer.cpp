// The network against PyTorch, read whole and token by token, on every instruction set.
#include <doctest/doctest.h>

#include "engine/models/ascii_transformer.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/compare.h"
#include "tests/support/every_isa.h"
#include "tests/support/golden.h"
#include "tests/support/hostile.h"

using namespace yent;

namespace {

std::vector<art::SequenceToken> tokens_of(const std::vector<int32_t>& numbers) {
  std::vector<art::SequenceToken> tokens;
  for (size_t i = 0; i < numbers.size(); i += 8) {
    const int32_t* n = &numbers[i];
    tokens.push_back({n[0], n[6], n[7], n[1], n[2], n[3], n[4], n[5]});
  }
  return tokens;
}

void check_case(const Golden& golden, const std::string& name, Backend& backend) {
  const Json& of_case = golden.config["cases"][name];
  const auto config = AsciiTransformerConfig::from_json(of_case["model"], name);
  const double limit = network_limit(of_case["torch_f32_error"].get<double>());
  const auto tokens = tokens_of(golden.ints(name + ".tokens"));
  const std::vector<float> expected = golden.rows(name + ".logits");
  SeededCheckpoint seeded("ascii", golden.config["seed"].get<uint64_t>());
  const Policy policy;
  const AsciiTransformer network(WeightBinder(seeded.checkpoint, backend, policy), config);
  Workspace ws(backend, Workspace::Mode::poisoned);
  Ctx c{backend, ws};
  auto state = network.start(static_cast<int>(tokens.size()));

  const auto kept = static_cast<ptrdiff_t>(expected.size());
  std::vector<float> all = network(c, state, tokens, true);
  all.erase(all.begin(), all.end() - kept);
  INFO(worst(all, expected));
  CHECK(relative_error(all, expected) <= limit);

  state.length = 0;
  std::vector<float> one_by_one;
  for (const art::SequenceToken& token : tokens) {
    const std::vector<float> logits = network(c, state, {&token, 1});
    one_by_one.insert(one_by_one.end(), logits.begin(), logits.end());
  }
  one_by_one.erase(one_by_one.begin(), one_by_one.end() - kept);
  INFO(worst(one_by_one, expected));
  CHECK(relative_error(one_by_one, expected) <= limit);

  state = network.start(static_cast<int>(tokens.size()), DType::f16);
  std::vector<float> halves = network(c, state, tokens, true);
  halves.erase(halves.begin(), halves.end() - kept);
  INFO(worst(halves, expected));
  CHECK(relative_error(halves, expected) <= 2e-3);

  size_t parameters = 0;
  for (const NamedDims& t : ascii_transformer_tensors(config)) {
    CHECK(seeded.asked.at(t.name).dims == t.dims);
    ++parameters;
  }
  CHECK(parameters == seeded.asked.size());
}

}  // namespace

TEST_CASE("ascii transformer: the logits of PyTorch, whole and token by token") {
  const Golden golden("ascii_transformer");
  for (const char* name : {"test", "wide", "tall"}) {
    CAPTURE(name);
    on_every_isa([&](Backend& backend) { check_case(golden, name, backend); });
    check_case(golden, name, *make_ref_backend());
  }
}

TEST_CASE("ascii transformer: the sizes of the presets") {
  const std::pair<const char*, double> million[] = {
      {"test", 0.20}, {"tiny", 2.0}, {"small", 11.2}, {"medium", 26.4}, {"large", 50.5}};
  for (const auto& [name, expected] : million) {
    int64_t count = 0;
    for (const NamedDims& t : ascii_transformer_tensors(AsciiTransformerConfig::preset(name))) {
      int64_t product = 1;
      for (const int64_t d : t.dims) product *= d;
      count += product;
    }
    CHECK(static_cast<double>(count) / 1e6 == doctest::Approx(expected).epsilon(0.03));
  }
  CHECK_THROWS_WITH(AsciiTransformerConfig::preset("huge"),
                    "the preset is 'huge', expected test, tiny, small, medium, large");
}

TEST_CASE("ascii transformer: a config is read as it was written, and refused where it is wrong") {
  const auto small = AsciiTransformerConfig::preset("small");
  const Json valid = small.to_json();
  CHECK(AsciiTransformerConfig::from_json(valid, "config.json").to_json() == valid);
  const auto refused = [&](const char* key, Json value) {
    Json changed = valid;
    changed[key] = std::move(value);
    return test::refusal([&] { AsciiTransformerConfig::from_json(changed, "config.json"); });
  };
  CHECK(refused("format", "gpt") ==
        "config.json: the format is gpt, expected "
        "ascii-grid-transformer");
  CHECK(refused("version", 2) == "config.json: version 2 of the format, expected 1");
  CHECK(refused("n_head", 5) == "config.json: a width of 384 in 5 heads, expected a multiple");
  CHECK(refused("n_head", 64) == "config.json: heads are 6 wide, expected a multiple of 4");
  CHECK(refused("ffn", 1000) == "config.json: the ffn is 1000, expected a multiple of 32");
  for (const auto& [key, value] :
       {std::pair("block_size", 65537), std::pair("vocab", 385), std::pair("edge", 63),
        std::pair("n_layer", 0), std::pair("styles", 17), std::pair("max_width", 255)}) {
    CHECK(refused(key, value) != "");
  }
  for (const auto& member : valid.items()) {
    if (member.key == "trained_steps") continue;
    CHECK(refused(member.key.c_str(), Json()) != "");
  }
}
