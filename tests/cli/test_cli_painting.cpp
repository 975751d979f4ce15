// yent-run from outside: its pictures, dumps and listings under its options. Every case runs the
// built program on the toy models.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "kernels/cpu/isa_table.h"
#include "loaders/io/json.h"
#include "tests/support/program.h"
#include "tests/support/tree.h"

namespace yent::test {
namespace {

TEST_CASE("cli: a dump holds the stages by name") {
  if (Program::absent()) return;
  const Program program;
  const Args size{"-W", "34", "-H", "18", "--steps", "2", "--dump", "d", "-o", "a.png"};
  REQUIRE(program.paint(Args{"-p", "a cat", "--sampler", "ddim"} + size).code == 0);
  TensorSet set = program.dump("d");
  CHECK(names_of(set) == Args{"cond", "eps.0", "eps.1", "image", "latent", "latent.0", "latent.1",
                              "latent.init", "tokens", "tokens_uncond", "uncond"});
  for (const char* name : {"tokens", "tokens_uncond"}) check_tensor(set, name, DType::i32, {77});
  for (const char* name : {"cond", "uncond"}) check_tensor(set, name, DType::f32, {77, 32});
  for (const char* name : {"eps.0", "eps.1", "latent.init", "latent.0", "latent.1", "latent"}) {
    check_tensor(set, name, DType::f32, {1, 4, 9, 17});
  }
  check_tensor(set, "image", DType::f32, {1, 3, 18, 34});
  CHECK(bytes_of(set, "latent") == bytes_of(set, "latent.1"));
  std::vector<float> image(3 * 18 * 34);
  std::memcpy(image.data(), set.find("image")->data, image.size() * 4);
  const auto [low, high] = std::minmax_element(image.begin(), image.end());
  CHECK(*low >= -1);
  CHECK(*high <= 1);

  // PNDM makes one more call than it has steps. Without guidance there is no negative prompt.
  REQUIRE(program.paint(Args{"-p", "a cat", "--sampler", "pndm", "--cfg-scale", "1"} + size).code ==
          0);
  set = program.dump("d");
  CHECK(set.find("eps.2"));
  CHECK_FALSE(set.find("eps.3"));
  CHECK_FALSE(set.find("uncond"));
  CHECK_FALSE(set.find("tokens_uncond"));

  // A latent of width 1 is still an image.
  REQUIRE(program.paint({"-p", "x", "-W", "2", "-H", "18", "--dump", "d", "-q"}).code == 0);
  check_tensor(program.dump("d"), "eps.0", DType::f32, {1, 4, 9, 1});
}

TEST_CASE("cli: a size that the model did not learn is said") {
  if (Program::absent()) return;
  const Program program;
  // The toy painter's own size is 32x32. Half of it is a draft, and 1.5 times as much still holds.
  const auto said = [&](const char* width, const char* height) {
    const Outcome o =
        program.paint({"-p", "x", "-W", width, "-H", height, "--steps", "1", "-o", "a.png"});
    REQUIRE(o.code == 0);
    return o.err;
  };
  for (const auto& [width, height] : {std::pair{"16", "32"}, {"48", "16"}, {"32", "48"}}) {
    CHECK(said(width, height).find("may not look right") == std::string::npos);
  }
  for (const auto& [width, height] : {std::pair{"14", "32"}, {"32", "50"}}) {
    const std::string size = std::string(width) + "x" + height;
    CHECK(said(width, height).find(size + " pixels may not look right: the model learned 32x32") !=
          std::string::npos);
  }
}

TEST_CASE("cli: layers are dumped by path and call") {
  if (Program::absent()) return;
  const Program program;
  REQUIRE(program
              .paint({"-p", "x", "--steps", "2", "--sampler", "ddim", "--dump", "d",
                      "--dump-layers", "*conv_in*", "-q"})
              .code == 0);
  const TensorSet set = program.dump("d");
  check_tensor(set, "unet.conv_in.0", DType::f32, {2, 32, 16, 16});
  check_tensor(set, "unet.conv_in.1", DType::f32, {2, 32, 16, 16});
  check_tensor(set, "vae.decoder.conv_in", DType::f32, {1, 32, 16, 16});
  REQUIRE(
      program.paint({"-p", "x", "--dump", "d", "--dump-layers", "text_encoder.*fc2", "-q"}).code ==
      0);
  check_tensor(program.dump("d"), "text_encoder.text_model.encoder.layers.0.mlp.fc2", DType::f32,
               {2, 77, 32});
}

TEST_CASE("cli: int8-exact gives the same bytes, whatever the instruction set") {
  if (Program::absent()) return;
  const Program program;
  const Args exact{"-p", "a cat", "--policy", "int8-exact", "-q"};
  std::string first;
  for (int i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (isa == Isa::ref || !supports(detect_features(), isa)) continue;
    CAPTURE(isa_name(isa));
    const Args outputs{"--isa", isa_name(isa), "-o", "a.png", "--dump", "d", "--dump-layers", "*"};
    REQUIRE(program.paint(exact + outputs).code == 0);
    const std::string bytes = program.read("a.png") + program.read("d");
    if (first.empty()) first = bytes;
    CHECK(bytes == first);
  }
  check_refused(program, exact + Args{"--isa", "ref"}, 2);
  const std::string listing = program.paint(exact + Args{"--explain", "-o", "a.png"}).out;
  CHECK(listing.find(" exact ") != std::string::npos);
}

TEST_CASE("cli: words stand where they drew the painter's attention, in the same picture") {
  if (Program::absent()) return;
  const Program program;
  const Args same{"-p", "a cat and a dream", "-W", "64", "-H", "64", "-q", "-o", "a.png"};
  const Args text{"--columns", "60", "--ascii", "a.txt", "--dump", "d"};
  REQUIRE(program.paint(same + text).code == 0);
  const std::string latent = bytes_of(program.dump("d"), "latent"), plain = program.read("a.txt");
  CHECK(plain.find("cat") == plain.npos);
  const Outcome o = program.paint(same + text + Args{"--glyphs", "attention", "--json"});
  REQUIRE(o.code == 0);
  CHECK(bytes_of(program.dump("d"), "latent") == latent);
  CHECK(program.read("a.txt").find("cat") != std::string::npos);
  CHECK(program.read("a.txt").find("dream") != std::string::npos);
  const Json words = parse_json(o.out, "report")["attention"];
  REQUIRE(words.size() == 2);
  for (const Json& word : words) {
    const int glyphs = word["glyphs"].get<int>(), inside = word["inside"].get<int>();
    CHECK(glyphs > 0);
    CHECK(inside * 5 >= glyphs * 4);
  }
}

TEST_CASE("cli: another VAE paints from the same latent") {
  if (Program::absent()) return;
  const Program program;
  const fs::path own = in_tree("tests/golden/toy_painter/vae");
  const auto paint = [&](const Args& args) {
    REQUIRE(program.paint(Args{"-p", "a cat", "-q", "--dump", "d", "-o", "a.png"} + args).code ==
            0);
    const TensorSet set = program.dump("d");
    return std::pair(bytes_of(set, "latent"), bytes_of(set, "image"));
  };
  const auto plain = paint({});
  CHECK(paint({"--vae", own.string()}) == plain);
  CHECK(paint({"--vae", (own / "diffusion_pytorch_model.safetensors").string()}) == plain);
  fs::copy(own, program.here / "vae");
  std::string config = text_of(own / "config.json");
  const size_t at = config.find("0.18215");
  REQUIRE(at != config.npos);
  put(program.here / "vae/config.json", config.replace(at, 7, "0.25000"));
  const auto other = paint({"--vae", "vae"});
  CHECK(other.first == plain.first);
  CHECK(other.second != plain.second);
}

TEST_CASE("cli: the same bytes, whatever the thread count") {
  if (Program::absent()) return;
  const Program program;
  const auto bytes = [&](const char* threads) {
    const Args same{"-p", "a cat", "--sampler", "euler-a", "--steps", "2", "-q"};
    REQUIRE(program.paint(same + Args{"-t", threads, "-o", "a.png", "--dump", "d"}).code == 0);
    return program.read("a.png") + program.read("d");
  };
  const std::string one = bytes("1");
  CHECK(bytes("1") == one);
  CHECK(bytes("2") == one);
  CHECK(bytes("3") == one);
}

TEST_CASE("cli: with --cond the text folders are not opened") {
  if (Program::absent()) return;
  const Program program;
  REQUIRE(program.paint({"-p", "a cat", "--dump", "text", "-q"}).code == 0);
  const std::string painter = painter_copy(program);
  for (const char* file : {"text_encoder/config.json", "text_encoder/model.safetensors",
                           "tokenizer/vocab.json", "tokenizer/merges.txt"}) {
    put(painter + "/" + file, "junk");
  }
  const Args args{"-m", painter, "--cond", "text", "-q", "-o", "c.png"};
  REQUIRE(program.paint(args + Args{"--dump", "cond"}).code == 0);
  const TensorSet text = program.dump("text"), cond = program.dump("cond");
  CHECK_FALSE(cond.find("tokens"));
  for (const char* name : {"cond", "uncond", "eps.0", "image"}) {
    CHECK(bytes_of(text, name) == bytes_of(cond, name));
  }
  const std::string lora = kGolden + "lora_style.safetensors";
  CHECK(program.paint(args + Args{"--lora", lora, "--explain"}).code == 0);
  fs::remove_all(painter + "/text_encoder");
  fs::remove_all(painter + "/tokenizer");
  CHECK(program.paint(args).code == 0);
}

TEST_CASE("cli: --init-latent takes what latent.init says") {
  if (Program::absent()) return;
  const Program program;
  const Args euler{"-p", "x", "--sampler", "euler", "--steps", "2", "-q"};
  REQUIRE(program.paint(euler + Args{"--dump", "a"}).code == 0);
  const TensorSet a = program.dump("a");
  HostTensor start = *a.find("latent.init");
  start.name = "latent";
  write_safetensors(program.here / "start", std::span(&start, 1));
  REQUIRE(program.paint(euler + Args{"-s", "6", "--init-latent", "start", "--dump", "b"}).code ==
          0);
  const TensorSet b = program.dump("b");
  CHECK(bytes_of(a, "latent.init") == bytes_of(b, "latent.init"));
  CHECK(bytes_of(a, "latent") == bytes_of(b, "latent"));
  REQUIRE(program.paint(euler + Args{"--rng", "cuda", "--dump", "c"}).code == 0);
  CHECK(bytes_of(program.dump("c"), "latent.init") != bytes_of(a, "latent.init"));
}

TEST_CASE("cli: samplers have aliases, and karras has its own sigmas") {
  if (Program::absent()) return;
  const Program program;
  const auto latent = [&](const Args& args) {
    REQUIRE(program.paint(Args{"-p", "x", "--steps", "3", "-q", "--dump", "d"} + args).code == 0);
    return bytes_of(program.dump("d"), "latent");
  };
  const std::string ancestral = latent({"--sampler", "euler-a"});
  CHECK(latent({"--sampler", "euler_a"}) == ancestral);
  CHECK(latent({"--sampler", "euler"}) != ancestral);
  const std::string dpm = latent({"--sampler", "dpm++2m"});
  CHECK(latent({"--sampler", "dpm++_2m"}) == dpm);
  const std::string karras = latent({"--sampler", "dpm++2m", "--scheduler", "karras"});
  CHECK(karras != dpm);
  // AUTOMATIC1111's names.
  CHECK(latent({"--sampler", "DPM++ 2M"}) == dpm);
  CHECK(latent({"--sampler", "DPM++ 2M Karras"}) == karras);
  CHECK(latent({"--sampler", "DPM++ 2M Karras", "--scheduler", "Karras"}) == karras);
  CHECK(latent({"--sampler", "Euler a"}) == ancestral);
  CHECK(latent({"--sampler", "dpm++2m", "--scheduler", "exponential"}) != karras);
}

TEST_CASE("cli: what the model predicts can be said, and a scheduler file speaks Python's JSON") {
  if (Program::absent()) return;
  const Program program;
  const auto model = program.here / "model";
  std::filesystem::copy(kGolden + "toy_painter", model, std::filesystem::copy_options::recursive);
  const auto paint = [&](const std::string& scheduler, const Args& more) {
    put(model / "scheduler/scheduler_config.json", scheduler);
    const Outcome o =
        program.paint(Args{"-p", "x", "-m", "model", "--steps", "3", "--dump", "d"} + more);
    REQUIRE(o.code == 0);
    return std::pair(bytes_of(program.dump("d"), "latent"), o.err);
  };
  const std::string fields =
      R"("beta_start": 0.00085, "beta_end": 0.012, "lambda_min_clipped": -Infinity)";
  const std::string euler = R"({"_class_name": "EulerDiscreteScheduler", )" + fields;
  const auto eps = paint(euler + "}", {}),
             v = paint(euler + R"(, "prediction_type": "v_prediction"})", {});
  CHECK(eps.first != v.first);
  CHECK(eps.second.find("which is not done") == std::string::npos);
  CHECK(paint(euler + "}", {"--prediction", "v"}).first == v.first);
  CHECK(paint(euler + R"(, "prediction_type": "v_prediction"})", {"--prediction", "eps"}).first ==
        eps.first);
  const auto unknown = paint(R"({"_class_name": "NovelScheduler", )" + fields + "}", {});
  CHECK(
      unknown.second.find(
          "_class_name is NovelScheduler, which this engine does not have; ddim takes its place") !=
      std::string::npos);
  CHECK(unknown.second.find("clip_sample") == std::string::npos);
  const auto ddim =
      paint(R"({"_class_name": "DDIMScheduler", "thresholding": true, )" + fields + "}", {});
  CHECK(ddim.first == unknown.first);
  CHECK(ddim.second.find("asks for clip_sample, thresholding, which is not done") !=
        std::string::npos);
}

TEST_CASE("cli: a picture to start from gives its size and its steps") {
  if (Program::absent()) return;
  const Program program;
  const Args args{"-p",      "x",      "-i",        kGolden + "toy_input.png",
                  "--steps", "4",      "--sampler", "ddim",
                  "-q",      "--dump", "d"};
  REQUIRE(program.paint(args + Args{"--strength", "0.5"}).code == 0);
  TensorSet set = program.dump("d");
  CHECK(set.find("eps.1"));
  CHECK_FALSE(set.find("eps.2"));
  REQUIRE(program.paint(args + Args{"-W", "20", "-H", "12"}).code == 0);
  set = program.dump("d");
  CHECK(set.find("eps.2"));
  CHECK_FALSE(set.find("eps.3"));
  check_tensor(set, "image", DType::f32, {1, 3, 12, 20});
}

TEST_CASE("cli: picture k of a batch is made as if alone with seed + k") {
  if (Program::absent()) return;
  const Program program;
  const Args args{"-p", "x", "--sampler", "euler-a", "--steps", "2"};
  REQUIRE(program.paint(args + Args{"-b", "3", "-o", "b.png", "--ascii", "b.txt", "--json"}).code ==
          0);
  const Outcome alone = program.paint(args + Args{"-s", "7", "-o", "a.png", "--json"});
  CHECK(program.read("b_3.png") == program.read("a.png"));
  CHECK(program.has("b_2.txt"));
  CHECK(parse_json(alone.out, "report")["output"] == "a.png");
  const Outcome batch = program.paint({"-p", "x", "-b", "2", "-o", "b.png", "--json"});
  const auto report = parse_json(batch.out, "report");
  CHECK(report["seed"] == Json::array({5, 6}));
  CHECK(report["output"] == Json::array({"b.png", "b_2.png"}));
}

TEST_CASE("cli: policies and precisions, explained") {
  if (Program::absent()) return;
  const Program program;
  put(program.here / "mix.policy", "unet.conv_in f32\n* int8\n");
  Outcome o = program.paint({"--policy", "mix.policy", "--explain"});
  REQUIRE(o.code == 0);
  std::istringstream lines(o.out);
  int int8 = 0, f32 = 0;
  for (std::string line, layer, precision; std::getline(lines, line);) {
    std::istringstream(line) >> layer >> precision;
    (precision == "int8" ? int8 : f32) += 1;
    if (precision == "f32") CHECK(layer == "unet.conv_in");
  }
  CHECK(int8 > 50);
  CHECK(f32 == 1);
  CHECK_FALSE(program.has("yent-0001.png"));
  for (const char* precision : {"f32", "bf16", "f16", "int8"}) {
    o = program.paint({"-p", "x", "--precision", precision, "--json"});
    REQUIRE(o.code == 0);
    CHECK(parse_json(o.out, "report")["precision"] == precision);
  }
}

}  // namespace
}  // namespace yent::test
